//! Connections through proxies by HTTP CONNECT and SOCKS5: through programs of other projects, and through scripted proxies that
//! record requests or send invalid responses. The programs are in Debian: tinyproxy-bin, ncat, microsocks and dante-server.
//! stunnel4 and haproxy add TLS to a proxy.
#![cfg(target_os = "linux")]

mod aborts;
mod environment;
mod exchange;
mod http_responses;
mod invalid_options;
mod on_proxy;
mod proxy_process;
mod real_proxies;
mod requests;
mod scripted_proxy;
mod secrets;
mod servers;
mod socks_responses;
mod statistics;
mod tls_proxies;
mod unreachable;
