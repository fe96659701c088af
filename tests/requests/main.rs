//! The upgrade request as it arrives, redirects, and the response and the body of a refusal as the host reads them. Secrets must
//! be neither in logs nor in requests to other origins.

mod bodies;
mod host_header;
mod invalid_headers;
mod redirect_origins;
mod redirects;
mod response;
mod secrets;
mod sent_headers;
mod site;
