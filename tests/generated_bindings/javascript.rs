//! The region of `bindings/js`: those errors that the script uses.

use crate::api::Api;
use crate::regions::Region;
use std::collections::BTreeSet;

pub const REGIONS: &[Region] = &[Region { file: "js/egret_ws.js", name: "errors", content: errors }];

fn errors(api: &Api, script: &str) -> String {
    let words = script.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut named: BTreeSet<_> = words.filter(|word| word.starts_with("ERR_")).collect();
    let mut list = Vec::new();
    for constant in &api.errors.constants {
        let name = constant.short("EGRET_WS_");
        if named.remove(name) {
            list.push(format!("{name} = {}", constant.number()));
        }
    }
    assert!(named.is_empty() && !list.is_empty(), "errors that the header does not have: {named:?}");
    format!("var {};\n", list.join(",\n    "))
}
