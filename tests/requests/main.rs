//! The upgrade request as it arrives, redirects, the response as the host reads it, and secrets, which neither logs nor other
//! origins may contain.

mod host_header;
mod invalid_headers;
mod redirect_origins;
mod redirects;
mod response;
mod secrets;
mod sent_headers;
mod site;
