//! Rules for shell scripts.

use crate::root;
use std::fs;
use test_support::paths::sources;

/// `grep -q` ends at the first matching line. If the program before it has more to write, that program fails with `pipefail`. So
/// a check that a text is there fails at random, and a check that it is not there never fails.
fn is_random(line: &str) -> bool {
    let Some((before, after)) = line.split_once("| grep -") else { return false };
    let options = after.split(' ').next().unwrap_or_default();
    // `printf` writes such a line into another script, which runs without `pipefail`.
    !before.ends_with('|')
        && !options.starts_with('-')
        && options.contains('q')
        && !line.trim_start().starts_with("printf ")
}

#[test]
fn no_check_depends_on_when_grep_ends() {
    assert!(is_random("readelf -d x | grep -qF y || die"));
    assert!(!is_random("readelf -d x | grep y >/dev/null || die") && !is_random("test x || grep -q y x"));
    let mut scripts = sources(root());
    scripts.retain(|script| script.extension().is_some_and(|extension| extension == "sh"));
    assert!(scripts.len() > 50, "{scripts:?}");
    for script in scripts {
        let text = fs::read_to_string(&script).expect("UTF-8");
        for (number, line) in text.lines().enumerate() {
            assert!(!is_random(line), "{}:{}: {line}", script.display(), number + 1);
        }
    }
}
