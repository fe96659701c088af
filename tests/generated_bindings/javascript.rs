//! The script of `bindings/js`: `egret_ws.js` joins the parts in `script/`. One of them contains the errors that the parts use.

use crate::api::Api;
use crate::regions::Region;
use crate::{bindings, read};
use std::collections::BTreeSet;
use std::path::PathBuf;

pub const REGIONS: &[Region] = &[Region { file: "js/script/constants.js", name: "errors", content: errors }];

/// The parts, in their order in `egret_ws.js`.
const PARTS: &[&str] = &[
    "constants",
    "convert",
    "queue",
    "options",
    "event_target",
    "message_events",
    "events",
    "connection",
    "hooks",
    "sockets",
    "websocket",
    "native",
    "install",
];

const HEAD: &str = "\
/*
 * The WebSocket objects of Egret games, for any JavaScript engine: the W3C `WebSocket` and `egret_native.WebSocket`.
 *
 * This is a classic script. Its completion value is a function:
 *
 *     events = install(global, host, defaults, hooks, names)
 *
 * `host` contains the functions of the native library, and `events` contains the functions that the glue calls. GLUE.md describes
 * both. This script contains all rules of WebSocket; a glue only converts values.
 *
 * Generated from the files in script/ by \"make header\"; do not edit. It is one file because a shell evaluates one script,
 * without a module loader or a build step.
 */
(function () {
'use strict';
";

fn parts() -> impl Iterator<Item = (&'static str, String)> {
    PARTS.iter().map(|part| (*part, read(&bindings().join(format!("js/script/{part}.js")))))
}

/// Returns the path and the text of the script.
pub fn script() -> (PathBuf, String) {
    let mut script = HEAD.to_owned();
    for (name, text) in parts() {
        script += &format!("\n/* ---- script/{name}.js ---- */\n\n{text}");
    }
    (bindings().join("js/egret_ws.js"), script + "\nreturn install;\n})();\n")
}

fn errors(api: &Api, _: &str) -> String {
    let script: String = parts().filter(|(name, _)| *name != "constants").map(|(_, text)| text).collect();
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
    format!("const {};\n", list.join(",\n    "))
}
