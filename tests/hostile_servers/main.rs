//! Servers that violate the protocol, stall, disconnect or send invalid bytes. In each case the host gets one close report that
//! describes the reason, and the server gets the close code of RFC 6455.

mod closing;
mod floods;
mod frames;
mod lost_connections;
mod responses;
mod time_outs;
mod utf8;
