//! Servers that lie, stall, break off and talk nonsense. Whatever they do, the game gets one close report that says what
//! happened, and the server is told the close code that RFC 6455 has for it.

mod closing;
mod floods;
mod frames;
mod lost_connections;
mod responses;
mod time_outs;
mod utf8;
