//! The parts of `include/egret_ws.h` that a program can read: the functions, and the errors that each lists.

use crate::messages::MARK;
use crate::trace::{breach, promise};
use ::egret_ws::egret_ws_last_error_message;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// The errors that each function of the header lists, by name.
pub static FUNCTIONS: LazyLock<BTreeMap<String, Listed>> = LazyLock::new(read);
/// The number of each constant that begins with `EGRET_WS_ERR_`, and its name without that prefix.
pub static ERRORS: LazyLock<BTreeMap<i64, String>> = LazyLock::new(|| errors(&text()));

/// The errors that one function lists.
pub struct Listed {
    pub errors: BTreeSet<String>,
    /// It returns a number, which can be an error.
    pub can_fail: bool,
}

fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/egret_ws.h");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn errors(header: &str) -> BTreeMap<i64, String> {
    let constants = header.lines().filter_map(|line| line.strip_prefix("#define EGRET_WS_ERR_"));
    let read = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((value.trim_matches(['(', ')']).parse().ok()?, name.to_owned()))
    };
    constants.map(|line| read(line).unwrap_or_else(|| panic!("no number in {line:?}"))).collect()
}

fn read() -> BTreeMap<String, Listed> {
    let header = text();
    let names: BTreeSet<String> = errors(&header).into_values().collect();
    let mut functions: BTreeMap<String, Listed> = BTreeMap::new();
    let mut comment = String::new();
    // A declaration follows its comment without an empty line between.
    for block in header.split("\n\n") {
        let (before, declaration) = match block.rsplit_once(" */\n") {
            Some((before, declaration)) => (before, declaration),
            None => ("", block),
        };
        comment.clear();
        comment.push_str(before);
        let is_other = declaration.starts_with(['#', ' ', '/']);
        if is_other || declaration.starts_with("typedef") {
            continue;
        }
        // `egret_ws_error_t egret_ws_free(` or `const char *egret_ws_error_name(`
        let Some((before, _)) = declaration.split_once('(') else { continue };
        let Some((result, name)) = before.rsplit_once("egret_ws_") else { continue };
        let mut errors: BTreeSet<String> = quoted(&comment)
            .map(|word| word.strip_prefix("EGRET_WS_ERR_").unwrap_or(word))
            .filter(|word| names.contains(*word))
            .map(str::to_owned)
            .collect();
        // "As `egret_ws_connect_host` in all else": its list counts too.
        for other in quoted(&comment).filter_map(|word| functions.get(word)) {
            if comment.contains("in all else") {
                errors.extend(other.errors.iter().cloned());
            }
        }
        let can_fail = result.starts_with("int") || result.starts_with("egret_ws_error_t");
        functions.insert(format!("egret_ws_{name}"), Listed { errors, can_fail });
    }
    functions
}

/// Returns the words of a comment that are between backquotes.
fn quoted(comment: &str) -> impl Iterator<Item = &str> {
    comment.split('`').skip(1).step_by(2)
}

/// Panics with a message if the header does not list this error for this function.
pub fn lists(function: &str, code: i64) -> Result<(), String> {
    let listed = FUNCTIONS.get(function).ok_or_else(|| format!("{function} is not in the header"))?;
    let Some(name) = ERRORS.get(&code) else {
        return Err(format!("{function} returned {code}, which is no error of the header"));
    };
    if listed.errors.contains(name) {
        return Ok(());
    }
    Err(format!("{function} returned EGRET_WS_ERR_{name}, but the header lists only {:?} for it", listed.errors))
}

/// The name of a result, for a report.
pub fn name(code: i64) -> String {
    ERRORS.get(&code).cloned().unwrap_or_else(|| code.to_string())
}

thread_local!(static REASON: RefCell<String> = const { RefCell::new(String::new()) });

/// The text of `egret_ws_last_error_message`.
pub fn reason() -> String {
    // SAFETY: according to the header, the text ends in a NUL and lives until the next call of this thread.
    let reason = unsafe { CStr::from_ptr(egret_ws_last_error_message()) };
    reason.to_str().unwrap_or_else(|_| breach!("a reason is not UTF-8")).to_owned()
}

/// Records the reason of a refused call of this thread. It is kept until the next refusal.
pub fn note_reason() {
    let reason = reason();
    let is_fragment =
        !reason.is_empty() && reason.len() < 512 && reason.trim() == reason && !reason.ends_with(['.', ':']);
    promise!(
        is_fragment && !reason.contains(|c: char| c.is_control()),
        "a call was refused with the reason {reason:?}"
    );
    promise!(!reason.contains(MARK), "a reason has a message's payload: {reason:?}");
    REASON.set(reason);
}

/// Records the reason of a call with this result, if the call was refused.
pub fn noted(result: i64) -> i64 {
    if result < 0 {
        note_reason();
    }
    result
}

/// The reason of the last refusal of this thread.
pub fn noted_reason() -> String {
    REASON.with_borrow(Clone::clone)
}

#[test]
fn every_function_that_can_fail_lists_its_errors() {
    let without: Vec<_> = FUNCTIONS.iter().filter(|(_, listed)| listed.can_fail && listed.errors.is_empty()).collect();
    let names: Vec<_> = without.iter().map(|(name, _)| name).collect();
    assert!(names.is_empty(), "no errors are listed for {names:?}");
    assert!(FUNCTIONS.len() > 25 && ERRORS.len() > 25, "the header was not read");
    assert!(lists("egret_ws_connect", -14).is_ok() && lists("egret_ws_connect", -10).is_err());
}
