//! TLS against OpenSSL's server side, over a network in memory.

mod authority;
mod floods;
mod lab;
mod refusals;
mod streams;
mod trust;
