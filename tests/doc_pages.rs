//! Pages of `docs` that repeat facts of the header or of the benchmarks.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)] // calls of the ABI

use ::egret_ws::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, mem};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names in a text that begin with one of these prefixes.
fn names(text: &str, prefixes: &[&str]) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix) && word.len() > prefix.len()))
        .map(String::from)
        .collect()
}

/// The constants of the header that begin with one of these prefixes.
fn constants(prefixes: &[&str]) -> BTreeSet<String> {
    let header = read("include/egret_ws.h");
    let defined = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split([' ', '(']).next());
    names(&defined.collect::<Vec<_>>().join(" "), prefixes)
}

/// The cells of the rows of all tables.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let rows = page.lines().filter_map(|line| line.trim().strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect()).collect()
}

#[test]
fn the_page_about_errors_has_each_constant_of_the_header_and_no_other() {
    let prefixes = ["EGRET_WS_ERR_", "EGRET_WS_PHASE_", "EGRET_WS_INITIATOR_"];
    let (page, header) = (names(&read("docs/errors.md"), &prefixes), constants(&prefixes));
    assert!(header.len() > 40, "the header was not read: {header:?}");
    assert_eq!(header.difference(&page).collect::<Vec<_>>(), [""; 0], "docs/errors.md lacks these");
    assert_eq!(
        page.difference(&header).collect::<Vec<_>>(),
        [""; 0],
        "the header does not have these of docs/errors.md"
    );
}

#[test]
fn the_page_about_errors_has_the_number_of_each() {
    let header = read("include/egret_ws.h");
    let defined = header.lines().filter_map(|line| line.strip_prefix("#define EGRET_WS_ERR_")?.split_once(' '));
    let defined: BTreeSet<(String, String)> = defined
        .map(|(name, number)| (number.trim_matches(['(', ')']).to_owned(), format!("`EGRET_WS_ERR_{name}`")))
        .collect();
    assert!(defined.len() > 30, "the header was not read: {defined:?}");
    for page in ["docs/errors.md", "docs/zh/errors.md"] {
        let page = read(page);
        let rows = rows(&page).into_iter().filter(|row| row[0].parse::<i32>().is_ok_and(|number| number < 0));
        let listed: BTreeSet<_> = rows.map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
        assert_eq!(listed, defined);
    }
}

/// The close report of a connection that was open and that the network, or the server, has ended with this error.
fn report(error: i32) -> egret_ws_close_info {
    // SAFETY: the struct has numbers and pointers only, and zero is a value of each.
    let mut info: egret_ws_close_info = unsafe { mem::zeroed() };
    info.struct_size = size_of::<egret_ws_close_info>() as u32;
    info.error = error;
    info.phase = EGRET_WS_PHASE_OPEN;
    info.initiator = EGRET_WS_INITIATOR_TRANSPORT;
    info
}

#[test]
fn the_page_about_errors_says_which_are_worth_a_retry() {
    let page = read("docs/errors.md");
    let mut found = BTreeSet::new();
    for row in rows(&page) {
        let ([first, _, retry, _, _], true) = (&row[..], row[0].starts_with('`')) else { continue };
        let name = first.trim_matches('`');
        let error = (-99..0).find(|&error| {
            // SAFETY: the function returns a static string.
            let known = unsafe { std::ffi::CStr::from_ptr(egret_ws_error_name(error)) };
            known.to_str() == Ok(name)
        });
        let info = report(error.unwrap_or_else(|| panic!("{name} is no error")));
        // SAFETY: the pointer belongs to a report.
        let worth = unsafe { egret_ws_is_retryable(&info) } == 1;
        assert_eq!(retry.starts_with("yes"), worth, "docs/errors.md says \"{retry}\" at {name}");
        assert!(worth || *retry == "no", "docs/errors.md says \"{retry}\" at {name}");
        found.insert(name.to_owned());
    }
    assert_eq!(found.len(), 20, "not the errors of close reports: {found:?}");
}

/// The number at the beginning of a cell.
fn number(cell: &str) -> Option<&str> {
    let cell = cell.trim_start_matches('*');
    let end = cell.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(cell.len());
    Some(&cell[..end]).filter(|number| !number.is_empty())
}

#[test]
fn pages_have_the_figures_of_the_benchmarks() {
    let results = read("benches/RESULTS.md");
    let results = rows(&results);
    for (page, expected) in [("docs/performance.md", 35), ("docs/threading.md", 5)] {
        let text = read(page);
        let mut found = 0;
        for row in rows(&text) {
            let measured: BTreeSet<&str> =
                results.iter().filter(|result| result[0] == row[0]).flatten().filter_map(|cell| number(cell)).collect();
            if row[0].is_empty() || measured.is_empty() {
                continue;
            }
            found += 1;
            for figure in row[1..].iter().filter_map(|cell| number(cell)) {
                assert!(measured.contains(figure), "{page}: {}: {figure} is not in benches/RESULTS.md", row[0]);
            }
        }
        assert_eq!(found, expected, "{page}: not the number of rows that have a title of benches/RESULTS.md");
    }
}
