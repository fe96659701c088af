//! permessage-deflate (RFC 7692): clients that agree on it, servers, and a codec for the server side.

pub mod client;
pub mod codec;
pub mod server;
