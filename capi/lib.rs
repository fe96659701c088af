//! `libegret_ws`: the exports of the crate, linked.

extern crate rust as _;
