//! The regions of `bindings/swift`.

use crate::api::{Api, Enum, Kind, OptionField};
use crate::docs;
use crate::header::{Constant, Field};
use crate::names::camel;
use crate::regions::Region;

const ERROR: &str = "swift/Sources/EgretWebSocket/Error.swift";
const OPTIONS: &str = "swift/Sources/EgretWebSocket/Options.swift";
const STATS: &str = "swift/Sources/EgretWebSocket/Statistics.swift";
const CLOSE_INFO: &str = "swift/Sources/EgretWebSocket/CloseInfo.swift";
const SOCKET: &str = "swift/Sources/EgretWebSocket/Socket.swift";
const LOOP: &str = "swift/Sources/EgretWebSocket/Loop.swift";
const HANDLE: &str = "swift/Sources/EgretWebSocket/LoopHandle.swift";

pub const REGIONS: &[Region] = &[
    Region { file: ERROR, name: "errors", content: |api, _| errors(api) },
    Region { file: OPTIONS, name: "flags", content: |api, _| flags(api) },
    Region { file: OPTIONS, name: "constants", content: |api, _| constants(api) },
    Region { file: OPTIONS, name: "options", content: |api, _| options(api) },
    Region { file: OPTIONS, name: "options for C", content: |api, _| for_c(group(api, ""), "") },
    Region { file: OPTIONS, name: "deflate options", content: |api, _| group(api, "deflate").map(member).collect() },
    Region { file: OPTIONS, name: "deflate options for C", content: |api, _| for_c(group(api, "deflate"), "") },
    Region { file: OPTIONS, name: "retry options", content: |api, _| group(api, "retry").map(member).collect() },
    Region { file: OPTIONS, name: "retry options for C", content: |api, _| for_c(group(api, "retry"), "") },
    Region { file: STATS, name: "statistics", content: |api, _| statistics(api) },
    Region { file: STATS, name: "statistics from C", content: |api, _| statistics_from_c(api) },
    Region { file: CLOSE_INFO, name: "phases", content: |api, _| cases(&api.phases, Some("unknown")) },
    Region { file: CLOSE_INFO, name: "initiators", content: |api, _| cases(&api.initiators, Some("unknown")) },
    Region { file: SOCKET, name: "states", content: |api, _| cases(&api.states, None) },
    Region { file: LOOP, name: "log levels", content: |api, _| cases(&api.log_levels, None) },
    Region { file: LOOP, name: "loop flags", content: |api, _| loop_flags(api) },
    Region { file: LOOP, name: "loop options", content: |api, _| api.loop_options.iter().map(member).collect() },
    Region { file: HANDLE, name: "loop options for C", content: |api, _| for_c(api.loop_options.iter(), "options.") },
];

/// Returns a name in the style of Swift, such as `invalidURL`. A keyword gets backticks.
fn name(of: &str) -> String {
    match camel(of).as_str() {
        keyword @ ("internal" | "protocol") => format!("`{keyword}`"),
        "invalidUtf8" => "invalidUTF8".into(),
        "invalidUrl" => "invalidURL".into(),
        name => name.into(),
    }
}

/// Returns the name of an option. A time has no unit, because its type has one. `retry_min_wait_ms` is `minWait` in a type for
/// `retry`.
fn option_name(option: &OptionField) -> String {
    name(option.field().trim_end_matches("_ms"))
}

/// Returns the options of a struct to which the options of a socket point, or the socket's own options if the name is empty.
fn group<'a>(api: &'a Api, name: &str) -> impl Iterator<Item = &'a OptionField> {
    api.options().filter(move |option| option.group == name)
}

/// Returns the Swift name of a constant, if it is a case of an enum in Swift.
pub fn spell(api: &Api, name: &str) -> Option<String> {
    // This enum is written by hand, and tests/swift.rs compares it.
    if let Some(answer) = name.strip_prefix("EGRET_WS_REQUEST_") {
        return Some(camel(answer));
    }
    let enums = [&api.states, &api.phases, &api.initiators, &api.log_levels];
    let found = |of: &&Enum| of.constants.iter().any(|constant| constant.name == name);
    enums.into_iter().find(found).map(|of| camel(name.trim_start_matches(of.prefix)))
}

fn errors(api: &Api) -> String {
    let line = |constant: &Constant| {
        // In Swift, no error is nil.
        let short = constant.short(api.errors.prefix).strip_prefix("ERR_")?;
        Some(format!("public static let {} = Self(rawValue: {})\n", name(short), constant.name))
    };
    api.errors.constants.iter().filter_map(line).collect()
}

fn flag(constant: &Constant, prefix: &str) -> String {
    format!("public static let {} = Self(rawValue: UInt32({}))\n", name(constant.short(prefix)), constant.name)
}

fn flags(api: &Api) -> String {
    api.flags.iter().map(|constant| flag(constant, "EGRET_WS_")).collect()
}

fn loop_flags(api: &Api) -> String {
    let line = |constant: &Constant| {
        docs::swift(&constant.doc, |word| reference(api, word)) + &flag(constant, "EGRET_WS_LOOP_")
    };
    api.loop_flags.iter().map(line).collect()
}

fn constants(api: &Api) -> String {
    let mut out = String::new();
    for version in &api.tls_versions {
        out += &format!("public static let {} = Int({})\n", name(version.short("EGRET_WS_")), version.name);
    }
    for limit in &api.limits {
        out += &format!("public static let {} = Int({})\n", name(limit.short("EGRET_WS_")), limit.name);
    }
    out
}

/// `case connecting = 0, open, closing, closed`
fn cases(of: &Enum, zero: Option<&str>) -> String {
    let first = of.constants[0].number();
    for (constant, number) in of.constants.iter().zip(first..) {
        assert_eq!(constant.number(), number, "{}: the cases of {} count up", constant.name, of.name);
    }
    let names = of.constants.iter().map(|constant| name(constant.short(of.prefix)));
    let mut names: Vec<_> = zero.map(String::from).into_iter().chain(names).collect();
    names[0] += &format!(" = {}", if zero.is_some() { 0 } else { first });
    assert!(zero.is_none() || first == 1, "{}: 0 is taken", of.name);
    format!("case {}\n", names.join(", "))
}

fn options(api: &Api) -> String {
    let mut out = String::new();
    for group in &api.groups {
        let own: String = group.options.iter().filter(|option| option.group.is_empty()).map(member).collect();
        if !own.is_empty() {
            let separator = if out.is_empty() { "" } else { "\n" };
            let heading = docs::map_code(group.heading, str::to_owned, |word| format!("`{}`", name(word)));
            out += &format!("{separator}// {heading}\n{own}");
        }
    }
    out
}

/// The type of an option in Swift.
enum Type {
    /// Milliseconds.
    Timeout,
    /// A number with a special value.
    Limit,
    Int,
    /// 0 or 1.
    Bool,
    Level,
    Text,
    /// A text with commas between its items.
    List,
    LongText,
    Bytes,
    /// Written by hand, below the region.
    Headers,
}

fn type_of(option: &OptionField) -> Type {
    let is_special = || ["EGRET_WS_UNLIMITED", "EGRET_WS_AT_ONCE"].iter().any(|value| option.doc.contains(value));
    match option.kind {
        Kind::Number if option.name.ends_with("_ms") => Type::Timeout,
        Kind::Number if option.name.ends_with("_no_context_takeover") => Type::Bool,
        Kind::Number if is_special() => Type::Limit,
        Kind::Number => Type::Int,
        Kind::Level => Type::Level,
        Kind::Text if option.doc.contains("comma-separated list") => Type::List,
        Kind::Text => Type::Text,
        Kind::LongText => Type::LongText,
        Kind::Bytes => Type::Bytes,
        Kind::Headers => Type::Headers,
    }
}

fn member(option: &OptionField) -> String {
    let of_type = match type_of(option) {
        Type::Timeout => ": Timeout = .default",
        Type::Limit => ": Limit = .default",
        Type::Int => " = 0",
        Type::Bool => " = false",
        Type::Level => ": LogLevel = .warn",
        Type::Text => ": String?",
        Type::List => ": [String] = []",
        Type::LongText | Type::Bytes => " = Data()",
        Type::Headers => ": [Header] = []",
    };
    format!("public var {}{of_type}\n", option_name(option))
}

fn for_c<'a>(options: impl Iterator<Item = &'a OptionField>, from: &str) -> String {
    let line = |option: &OptionField| {
        let (c, name) = (option.field(), option_name(option));
        let swift = format!("{from}{name}");
        match type_of(option) {
            Type::Timeout | Type::Limit | Type::Int => format!("c.{c} = try {swift}.c(\"{name}\")\n"),
            Type::Bool => format!("c.{c} = {swift} ? 1 : 0\n"),
            Type::Level => format!("c.{c} = {swift}.rawValue\n"),
            Type::Text => format!("c.{c} = try memory.text({swift}, \"{name}\")\n"),
            Type::List => format!("c.{c} = try memory.list({swift}, \"{name}\")\n"),
            Type::LongText => {
                format!("c.{c} = memory.array({swift}.map {{ CChar(bitPattern: $0) }})\nc.{c}_len = {swift}.count\n")
            }
            Type::Bytes => format!("c.{c} = memory.array(Array({swift}))\nc.{c}_len = {swift}.count\n"),
            Type::Headers => String::new(),
        }
    };
    options.map(line).collect()
}

fn statistics(api: &Api) -> String {
    let mut out = String::new();
    for field in api.statistics() {
        let of_type = match field.of_type.as_str() {
            "uint32_t" => "Int",
            "uint64_t" => "UInt64",
            array if array.starts_with("char[") => "String",
            other => panic!("{}: {other} is a type that Swift's statistics do not know", field.name),
        };
        out += &docs::swift(&field.doc, |word| reference(api, word));
        out += &format!("public let {}: {of_type}\n", name(&field.name));
    }
    out
}

/// Translates a name in a comment.
fn reference(api: &Api, word: &str) -> String {
    let functions = [
        ("egret_ws_generation", "Socket.generation"),
        ("egret_ws_loop_poll", "Loop.poll"),
        ("egret_ws_loop_suspend", "LoopControl.suspend"),
        ("egret_ws_loop_network_changed", "LoopControl.networkChanged"),
        ("egret_ws_tried_addresses", "Socket.triedAddresses"),
        ("egret_ws_response_body", "Socket.responseBody"),
    ];
    let known = functions.iter().find(|(function, _)| *function == word).map(|(_, swift)| (*swift).to_owned());
    let version = || {
        let version = api.tls_versions.iter().find(|version| version.name == word)?;
        Some(format!("SocketOptions.{}", name(version.short("EGRET_WS_"))))
    };
    let statistic = || api.statistics().find(|field| field.name == word).map(|field| name(&field.name));
    let option = || Some(format!("SocketOptions.{}", option_name(api.options().find(|option| option.name == word)?)));
    known.or_else(version).or_else(statistic).or_else(option).unwrap_or_else(|| word.into())
}

fn statistics_from_c(api: &Api) -> String {
    let line = |Field { name: c, of_type, .. }: &Field| {
        let swift = name(c);
        if of_type.starts_with("char[") {
            format!(
                "{swift} = withUnsafeBytes(of: c.{c}) {{ String(decoding: $0.prefix {{ $0 != 0 }}, as: UTF8.self) }}\n"
            )
        } else if of_type == "uint32_t" {
            format!("{swift} = Int(c.{c})\n")
        } else {
            format!("{swift} = c.{c}\n")
        }
    };
    api.statistics().map(line).collect()
}
