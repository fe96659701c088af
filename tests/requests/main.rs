//! What a server is asked and what it answers: the request as it arrives, redirects, the answer as the game can read it, and
//! what of all that is nobody else's business.

mod host_header;
mod invalid_headers;
mod redirect_origins;
mod redirects;
mod response;
mod secrets;
mod sent_headers;
mod site;
