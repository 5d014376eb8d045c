//! The codec from outside: bytes in, messages out, and the other way round.

mod differential;
mod hostile;
mod requests;
mod responses;

mod round_trip;
mod script;
mod splits;
mod writing;
