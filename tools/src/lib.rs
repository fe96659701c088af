//! The server of `egret-ws-echo`, which the tests of the library use too, and the command lines of both tools.

pub mod arguments;
pub mod echo;
