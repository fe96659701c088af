//! permessage-deflate (RFC 7692): clients that agree on it, servers, and a codec of the server's side.

pub mod client;
pub mod codec;
pub mod server;
