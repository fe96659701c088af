//! The largest texts, lists and arrays that the host may pass. Larger ones are refused before they are parsed, so that no connect
//! call takes long. Real programs need far less. The header repeats each limit at its option, and `tests/option_limits.rs`
//! compares both. (`config::Limits` are the limits of a connection.)

/// The largest size of a URL or of a host, in bytes. Servers rarely read more than 8 KiB.
pub const URL: usize = 16 * 1024;

/// The largest size of every other text, in bytes.
pub const TEXT: usize = 8 * 1024;

/// The largest size of `tls_roots` and of `tls_identity`, in bytes. A list of all public authorities is about 220 KiB.
pub const TLS_BYTES: usize = 1024 * 1024;

/// The largest size of a server's name in TLS, in bytes. It is the largest size of a name in DNS.
pub const SERVER_NAME: usize = 253;

/// The largest number of subprotocols.
pub const SUBPROTOCOLS: usize = 128;

/// The largest number of headers that the host can add.
pub const HEADERS: usize = 256;

/// The largest size of all names and values of these headers together, in bytes.
pub const HEADER_BYTES: usize = 8 * 1024;

/// The largest number of pinned keys.
pub const PINS: usize = 64;

/// The largest number of addresses that the host can give for a server.
pub const ADDRESSES: usize = 16;
/// The largest number of proxies in an answer of `on_proxy`.
pub const PROXIES: usize = 8;

/// The largest size of an IP address as text, in bytes: an IPv4 address that is mapped into IPv6, with all zeros.
pub const IP_ADDRESS: usize = 45;

/// The largest size of the name of a network interface, in bytes. Every system has shorter names.
pub const INTERFACE: usize = 64;

/// The largest number of redirects that the host can allow.
pub const REDIRECTS: u32 = 20;

/// The largest size of the environment variable `no_proxy`, in bytes.
pub const NO_PROXY: usize = 64 * 1024;
