//! Proxies by HTTP CONNECT and SOCKS5: real ones by other hands, and fake ones that record what they are asked or answer
//! as no proxy should. The real ones come with Debian: tinyproxy-bin, ncat, microsocks, dante-server.
#![cfg(target_os = "linux")]

mod asking;
mod child;
mod environment;
mod fake;
mod http;
mod leaving;
mod real;
mod refusals;
mod secrets;
mod servers;
mod socks;
mod statistics;
mod talk;
