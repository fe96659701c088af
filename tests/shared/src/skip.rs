//! Tests that the variable SKIP leaves out.

use std::io::{Write, stderr};

/// Returns true if SKIP names this step. In this case, a line reports it, and `make test` counts these lines.
pub fn is_skipped(step: &str) -> bool {
    let skipped = std::env::var("SKIP").is_ok_and(|steps| steps.split_whitespace().any(|named| named == step));
    if skipped {
        // `eprintln!` is not used, because cargo shows its output only for failed tests.
        writeln!(stderr(), "SKIPPED: {step} (named in SKIP)").expect("stderr");
    }
    skipped
}
