//! TLS with OpenSSL as the server, over a simulated network.

pub(crate) mod authority;
mod floods;
mod nested;
mod pair;
mod refusals;
mod resumption;
mod streams;
mod system_trust;
mod trust;
