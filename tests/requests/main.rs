//! What a server is asked and what it answers: the request as it arrives, redirects, the answer as the game can read it, and
//! what of all that is nobody else's business.

mod answer;
mod hosts;
mod origins;
mod redirects;
mod refused;
mod secrets;
mod sent;
mod site;
