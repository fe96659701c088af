//! Proxies by HTTP CONNECT and SOCKS5: real ones by other hands, and fake ones that record what they are asked or answer
//! as no proxy should. The real ones come with Debian: tinyproxy-bin, ncat, microsocks, dante-server.
#![cfg(target_os = "linux")]

mod environment;
mod exchange;
mod http_responses;
mod invalid_options;
mod proxy_process;
mod real_proxies;
mod requests;
mod scripted_proxy;
mod secrets;
mod servers;
mod socks_responses;
mod statistics;
mod unreachable;
