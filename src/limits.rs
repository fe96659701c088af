//! The longest texts and lists that the host may give. Whatever is longer is refused before it is read, so that no connect call
//! takes long. The numbers are far above those of real programs; the header repeats each at its option, and `tests/limits.rs`
//! compares the two.

/// The most bytes of a URL, or of a host. Servers rarely read more than 8 KiB.
pub const URL: usize = 16 * 1024;

/// The most bytes of a text without a limit of its own.
pub const TEXT: usize = 8 * 1024;

/// The most bytes of `tls_roots` and of `tls_identity`. A list of all public authorities has about 220 KiB.
pub const TLS_BYTES: usize = 1024 * 1024;

/// The most bytes of a server's name in TLS: that of a name in DNS.
pub const SERVER_NAME: usize = 253;

/// The most subprotocols.
pub const SUBPROTOCOLS: usize = 128;

/// The most headers of the host's.
pub const HEADERS: usize = 256;

/// The most bytes of all names and values of these headers together.
pub const HEADER_BYTES: usize = 8 * 1024;

/// The most pinned keys.
pub const PINS: usize = 64;

/// The most redirects that can be asked for.
pub const REDIRECTS: u32 = 20;

/// The most bytes of the environment's `no_proxy`.
pub const NO_PROXY: usize = 64 * 1024;
