//! The largest texts, lists and arrays that the host may pass. Larger ones are refused before they are parsed, so that no connect
//! call takes long. The limits are far above the needs of real programs. The header repeats each limit at its option;
//! `tests/option_limits.rs` compares both. (`config::Limits` are the limits of a connection.)

/// The most bytes of a URL, or of a host. Servers rarely read more than 8 KiB.
pub const URL: usize = 16 * 1024;

/// The most bytes of every other text.
pub const TEXT: usize = 8 * 1024;

/// The most bytes of `tls_roots` and of `tls_identity`. A list of all public authorities has about 220 KiB.
pub const TLS_BYTES: usize = 1024 * 1024;

/// The most bytes of a server's name in TLS: that of a name in DNS.
pub const SERVER_NAME: usize = 253;

/// The most subprotocols.
pub const SUBPROTOCOLS: usize = 128;

/// The most headers that the host can add.
pub const HEADERS: usize = 256;

/// The most bytes of all names and values of these headers together.
pub const HEADER_BYTES: usize = 8 * 1024;

/// The most pinned keys.
pub const PINS: usize = 64;

/// The most addresses that the host can give for a server.
pub const ADDRESSES: usize = 16;
/// The most proxies in an answer of `on_proxy`.
pub const PROXIES: usize = 8;

/// The most bytes of an IP address: an IPv4 address that is mapped into IPv6, with all zeros.
pub const IP_ADDRESS: usize = 45;

/// The most bytes of the name of a network interface. Names are shorter on every system.
pub const INTERFACE: usize = 64;

/// The most redirects that can be asked for.
pub const REDIRECTS: u32 = 20;

/// The most bytes of the environment variable `no_proxy`.
pub const NO_PROXY: usize = 64 * 1024;
