//! Tests that the variable SKIP leaves out.

use std::io::{Write, stderr};

/// True if SKIP names this step. Then a line says so, from which `make test` counts what was left out.
pub fn is_skipped(step: &str) -> bool {
    let skipped = std::env::var("SKIP").is_ok_and(|steps| steps.split_whitespace().any(|named| named == step));
    if skipped {
        // Not with `eprintln!`, whose output cargo shows only for failed tests.
        writeln!(stderr(), "SKIPPED: {step} (named in SKIP)").expect("stderr");
    }
    skipped
}
