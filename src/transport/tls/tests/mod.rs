//! TLS against OpenSSL's server side, over a network in memory.

pub(crate) mod authority;
mod floods;
mod lab;
mod refusals;
mod streams;
mod trust;
