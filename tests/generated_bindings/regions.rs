//! Marked parts of source files with generated content:
//!
//! ```text
//! // generated: errors, by "make header"; do not edit
//! // generated: end
//! ```

use crate::api::Api;

/// A part of a file under `bindings/`.
pub struct Region {
    pub file: &'static str,
    pub name: &'static str,
    /// Returns the content, without the indentation of the markers. The text is that of the file outside of all regions.
    pub content: fn(&Api, &str) -> String,
}

/// The end of a marker, after the region's name.
pub const NOTE: &str = ", by \"make header\"; do not edit";

enum Marker<'a> {
    Begin(&'a str),
    End,
}

fn marker(line: &str) -> Option<Marker<'_>> {
    let text = line.trim().trim_start_matches("//").trim_start_matches("/*").trim_end_matches("*/").trim();
    match text.strip_prefix("generated: ")? {
        "end" => Some(Marker::End),
        begin => Some(Marker::Begin(begin.strip_suffix(NOTE).unwrap_or(begin))),
    }
}

/// Returns the text outside of regions.
pub fn outside(text: &str) -> String {
    let mut outside = String::new();
    let mut is_outside = true;
    for line in text.lines() {
        match marker(line) {
            Some(Marker::Begin(_)) => is_outside = false,
            Some(Marker::End) => is_outside = true,
            None if is_outside => outside += &format!("{line}\n"),
            None => {}
        }
    }
    outside
}

/// Returns the names of the regions that begin in a text.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(marker).filter_map(|marker| match marker {
        Marker::Begin(name) => Some(name),
        Marker::End => None,
    })
}

/// Replaces the content of each region, even if it contains a merge conflict.
pub fn fill(text: &str, content: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::new();
    let mut open: Option<&str> = None;
    for (at, line) in text.lines().enumerate() {
        match (marker(line), open) {
            (Some(Marker::Begin(name)), None) => {
                let content = content(name).ok_or_else(|| format!("line {}: no region has the name {name}", at + 1))?;
                let indent = &line[..line.len() - line.trim_start().len()];
                filled += &format!("{line}\n");
                for line in content.lines() {
                    filled += format!("{indent}{line}").trim_end();
                    filled += "\n";
                }
                open = Some(name);
            }
            (Some(Marker::End), Some(_)) => {
                filled += &format!("{line}\n");
                open = None;
            }
            (Some(_), _) => {
                return Err(format!("line {}: a region begins and ends by turns; keep one marker of each", at + 1));
            }
            (None, None) => filled += &format!("{line}\n"),
            (None, Some(_)) => {}
        }
    }
    match open {
        Some(name) => Err(format!("the region {name} has no end")),
        None => Ok(filled),
    }
}

#[cfg(test)]
mod tests {
    use super::{NOTE, fill};

    fn filled(text: &str) -> Result<String, String> {
        fill(&text.replace("NOTE", NOTE), &|name| (name == "list").then(|| "one\n\ntwo\n".to_owned()))
    }

    #[test]
    fn a_region_is_written_with_its_indentation() {
        let text = "before\n    // generated: listNOTE\n    old\n    // generated: end\nafter\n";
        let new = "before\n    // generated: listNOTE\n    one\n\n    two\n    // generated: end\nafter\n";
        assert_eq!(filled(text), Ok(new.replace("NOTE", NOTE)));
        assert_eq!(filled(new), filled(text), "a second time changes nothing");
    }

    #[test]
    fn a_conflict_inside_of_a_region_is_solved() {
        let text = "/* generated: listNOTE */\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n/* generated: end */\n";
        let new = "/* generated: listNOTE */\none\n\ntwo\n/* generated: end */\n";
        assert_eq!(filled(text), Ok(new.replace("NOTE", NOTE)));
    }

    #[test]
    fn markers_that_do_not_match_are_refused() {
        for text in [
            "// generated: listNOTE\n",
            "// generated: end\n",
            "// generated: listNOTE\n// generated: listNOTE\n// generated: end\n",
            "// generated: otherNOTE\n// generated: end\n",
        ] {
            assert!(filled(text).is_err(), "{text}");
        }
    }
}
