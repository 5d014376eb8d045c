//! Stands in for the crate `libz-ng-sys` (see `[patch.crates-io]` in the workspace's manifest).
//!
//! Pingora depends on `flate2` with zlib-ng, whose build script needs CMake and takes longer than the
//! rest of Pingora. pointsman never compresses or decompresses, so plain zlib serves: it builds in two
//! seconds with the C compiler that Rust needs anyway. Both crates are generated from one source and
//! have one interface.

pub use libz_sys::*;
