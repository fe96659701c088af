//! Functions for text that newer versions of Rust have in the standard library.

/// Returns the largest index up to `at` at which a character starts or the text ends: `str::floor_char_boundary` of Rust 1.91.
pub fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
