//! The codec from outside: bytes in, messages out, and the other way round.

mod requests;
mod responses;

mod script;
mod splits;
