//! Reads `differences.txt`, which describes its format itself.

use std::collections::BTreeMap;
use std::path::Path;

/// The engines with our objects, and the names of groups of engines.
const GROUPS: [(&str, &[&str]); 4] = [
    ("ours", &["node20", "node22", "node24", "jsc", "v8"]),
    ("shells", &["jsc", "v8"]),
    ("node", &["node20", "node22", "node24"]),
    ("undici", &["undici"]),
];

pub struct Table {
    pub differences: Vec<Difference>,
    /// Engines, and the reason why they may skip a test.
    skips: Vec<(Vec<String>, String)>,
}

pub struct Difference {
    /// One or two sentences with the difference and its reason.
    pub text: String,
    /// Whether it is a difference of our objects: those are listed in the README.
    pub is_ours: bool,
    /// Engines, and the name of a test that fails in them.
    tests: Vec<(Vec<String>, String)>,
}

impl Difference {
    pub fn concerns(&self, engine: &str) -> bool {
        self.tests.iter().any(|(engines, _)| engines.iter().any(|it| it == engine))
    }
}

impl Table {
    pub fn read(directory: &Path) -> Table {
        let text = std::fs::read_to_string(directory.join("differences.txt")).expect("the table of differences");
        let mut table = Table { differences: Vec::new(), skips: Vec::new() };
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            if let Some(skip) = line.strip_prefix("skip ") {
                table.skips.push(engines_and_rest(skip));
            } else if let Some(test) = line.strip_prefix("    ") {
                let (engines, name) = engines_and_rest(test);
                let difference = table.differences.last_mut().expect("a difference before its tests");
                // This name stands for two tests, one for each kind of target.
                for kind in if name.contains(" *: ") { &["EventTarget", "WebSocket"][..] } else { &[""] } {
                    difference.tests.push((engines.clone(), name.replacen(" *: ", &format!(" {kind}: "), 1)));
                }
            } else if let Some(more) = line.strip_prefix("  ") {
                let difference = table.differences.last_mut().expect("the first line of a difference");
                difference.text.push(' ');
                difference.text.push_str(more);
            } else {
                let (kind, text) = line.split_at_checked(2).expect("a difference");
                assert!(["- ", "* "].contains(&kind), "this is not a line of the table: {line}");
                table.differences.push(Difference { text: text.to_owned(), is_ours: kind == "- ", tests: Vec::new() });
            }
        }
        table
    }

    /// Returns the tests that must fail in an engine.
    pub fn expected(&self, engine: &str) -> BTreeMap<&str, ()> {
        let tests = self.differences.iter().flat_map(|difference| &difference.tests);
        tests
            .filter(|(engines, _)| engines.iter().any(|it| it == engine))
            .map(|(_, name)| (name.as_str(), ()))
            .collect()
    }

    pub fn may_skip(&self, engine: &str, why: &str) -> bool {
        self.skips.iter().any(|(engines, reason)| reason == why && engines.iter().any(|it| it == engine))
    }
}

/// Reads a line such as `node20 jsc: rest`.
fn engines_and_rest(line: &str) -> (Vec<String>, String) {
    let (names, rest) = line.split_once(": ").unwrap_or_else(|| panic!("no engines: {line}"));
    let mut engines = Vec::new();
    for name in names.split_whitespace() {
        match GROUPS.iter().find(|(group, _)| *group == name) {
            Some((_, members)) => engines.extend(members.iter().map(ToString::to_string)),
            None => {
                assert!(GROUPS[0].1.contains(&name), "{name} is not an engine: {line}");
                engines.push(name.to_owned());
            }
        }
    }
    (engines, rest.to_owned())
}
