//! What a connection is to be: where it goes and how it behaves.

pub mod url;
