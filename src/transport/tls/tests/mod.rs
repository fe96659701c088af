//! TLS against OpenSSL's server side, over a network in memory.

mod authority;
mod lab;
mod streams;
mod trust;
