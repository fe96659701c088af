//! What the fuzz targets check. It knows nothing of the fuzzer: `tests/fuzz_corpus.rs` includes it, so that every
//! `cargo test` replays the kept corpus.
//!
//! ```text
//!   fuzz input ──► Source ─┬─► session   a stream of frames, deflated or not, taken as it is or built
//!                          ├─► answer    the head that answers the upgrade
//!                          └─► proxy     what a proxy says
//! ```
//! Each is fed to the library whole, byte by byte, and in pieces the input chooses: nothing may depend on that.

mod answer;
mod heap;
mod inflate;
mod proxy;
mod script;
mod session;
mod source;

pub use answer::answer;
pub use proxy::proxy;
pub use session::session;
