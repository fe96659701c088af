//! What the network tests share: a client over the C ABI, a server scripted by hand, and frames nobody should send.
#![allow(dead_code)] // every test binary includes this and uses its own part of it

pub mod answer;
pub mod certificates;
pub mod client;
pub mod faulty;
pub mod frame;
pub mod play;
pub mod process;
pub mod raw;
pub mod record;
pub mod visit;

use std::time::Duration;

/// The longest any single wait may take before its test fails.
pub const PATIENCE: Duration = Duration::from_secs(10);
