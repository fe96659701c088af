//! The regions of `bindings/cpp`.

use crate::api::{Api, Enum, Kind, OptionField};
use crate::header::{Constant, Field};
use crate::names::capital;
use crate::regions::Region;

pub const REGIONS: &[Region] = &[
    Region { file: "cpp/egret_ws/result.hpp", name: "errors", content: |api, _| enumerators(&api.errors, error) },
    Region { file: "cpp/egret_ws/types.hpp", name: "constants", content: |api, _| constants(api) },
    Region { file: "cpp/egret_ws/types.hpp", name: "statistics", content: |api, _| statistics(api) },
    Region { file: "cpp/egret_ws/types.hpp", name: "statistics of C", content: |api, _| statistics_of_c(api) },
    Region { file: "cpp/egret_ws/options.hpp", name: "retry options", content: |api, _| options_in(api, "retry") },
    Region { file: "cpp/egret_ws/options.hpp", name: "deflate options", content: |api, _| options_in(api, "deflate") },
    Region { file: "cpp/egret_ws/options.hpp", name: "options", content: |api, _| options(api) },
    Region { file: "cpp/egret_ws/options.hpp", name: "options for C", content: |api, _| options_for_c(api) },
    Region { file: "cpp/egret_ws/loop_state.hpp", name: "loop flags", content: |api, _| loop_flags(api) },
    Region { file: "cpp/egret_ws/loop_state.hpp", name: "loop options", content: |api, _| loop_options(api) },
    Region { file: "cpp/egret_ws/loop.hpp", name: "loop options for C", content: |api, _| loop_options_for_c(api) },
];

/// `EGRET_WS_ERR_NOT_OPEN` → `not_open`
fn error(constant: &Constant) -> String {
    let name = constant.short("EGRET_WS_");
    name.strip_prefix("ERR_").unwrap_or(name).to_lowercase()
}

/// `EGRET_WS_LOOP_CLOSE_ON_SUSPEND` → `close_on_suspend`
fn loop_flag(constant: &Constant) -> String {
    match constant.short("EGRET_WS_LOOP_").to_lowercase() {
        keyword if keyword == "inline" => "run_inline".into(),
        name => name,
    }
}

fn flag(constant: &Constant) -> String {
    constant.short("EGRET_WS_").to_lowercase()
}

fn enumerators(of: &Enum, name: impl Fn(&Constant) -> String) -> String {
    of.constants.iter().map(|constant| format!("{} = {},\n", name(constant), constant.name)).collect()
}

fn constants(api: &Api) -> String {
    let limit = |limit: &Constant| format!("inline constexpr std::size_t {} = {};\n", flag(limit), limit.name);
    let mut out: String = api.limits.iter().map(limit).collect();
    for of in [&api.kinds, &api.states, &api.phases, &api.initiators, &api.log_levels] {
        out += &format!("\nenum class {} : std::int32_t {{\n", of.name);
        for line in enumerators(of, |constant| constant.short(of.prefix).to_lowercase()).lines() {
            out += &format!("    {line}\n");
        }
        out += "};\n";
    }
    out += "\n// For Options::tls_min_version; Stats::tls_version has the same numbers.\n";
    for version in &api.tls_versions {
        out += &format!("inline constexpr std::uint32_t {} = {};\n", flag(version), version.name);
    }
    out
}

fn options(api: &Api) -> String {
    let mut out = String::from("// The flags, EGRET_WS_* in lower case.\n");
    for constant in &api.flags {
        out += &format!("bool {} = false;\n", flag(constant));
    }
    for group in &api.groups {
        out += &format!("\n// {}\n", group.heading.replace('`', ""));
        let mut structs: Vec<&str> = Vec::new();
        for option in &group.options {
            if option.group.is_empty() {
                out += &member(option);
            } else if !structs.contains(&option.group) {
                structs.push(option.group);
                out += &format!("{}Options {}{{}};\n", capital(option.group), option.group);
            }
        }
    }
    out
}

/// The members of one of the structs in the options.
fn options_in(api: &Api, group: &str) -> String {
    api.options().filter(|option| option.group == group).map(member).collect()
}

/// The type in C++ of a number of C.
enum Number {
    /// The name in C++, and its unit.
    Time(String, &'static str),
    /// 0 or 1.
    Flag,
    Plain,
}

fn number(field: &str) -> Number {
    if let Some(name) = field.strip_suffix("_ms") {
        Number::Time(name.into(), "Milliseconds")
    } else if let Some(name) = field.strip_suffix("_us") {
        Number::Time(with_time(name), "Microseconds")
    } else if field.ends_with("_no_context_takeover") {
        Number::Flag
    } else {
        Number::Plain
    }
}

/// The name of a time, if its own name is used for something else: `tls` → `tls_time`
fn with_time(name: &str) -> String {
    if name.split('_').any(|word| word == "rtt") { name.into() } else { format!("{name}_time") }
}

fn member(option: &OptionField) -> String {
    let name = option.field();
    match option.kind {
        Kind::Number => match number(name) {
            Number::Time(name, unit) => format!("{unit} {name}{{}};\n"),
            Number::Flag => format!("bool {name} = false;\n"),
            Number::Plain => format!("std::uint32_t {name} = 0;\n"),
        },
        Kind::Level => format!("LogLevel {name} = LogLevel::warn;\n"),
        Kind::Text => format!("std::optional<std::string> {name}{{}};\n"),
        Kind::LongText => format!("std::string {name}{{}};\n"),
        Kind::Bytes => format!("std::vector<std::uint8_t> {name}{{}};\n"),
        Kind::Headers => format!("std::vector<Header> {name}{{}};\n"),
    }
}

/// `to = (from.a ? EGRET_WS_A : 0u) | ...;`
fn set_flags(to: &str, from: &str, flags: &[Constant], name: fn(&Constant) -> String) -> String {
    let terms = flags.iter().map(|constant| format!("({from}.{} ? {} : 0u)", name(constant), constant.name));
    let indent = " ".repeat(to.len() + 3);
    format!("{to} = {};\n", terms.collect::<Vec<_>>().join(&format!(" |\n{indent}")))
}

fn set_option(to: &str, from: &str, option: &OptionField) -> String {
    let OptionField { group, kind, .. } = option;
    let name = option.field();
    let (to, from) = match group.is_empty() {
        true => (to.to_owned(), from.to_owned()),
        false => (format!("{group}_"), format!("{from}.{group}")),
    };
    match kind {
        Kind::Number => match number(name) {
            Number::Time(time, unit) => {
                let unit = if unit == "Microseconds" { "us" } else { "ms" };
                let text = format!("{time} is negative or longer than 2147483647 {unit}");
                // Members end in an underscore.
                let refusal = if to.ends_with('_') { "refusal_" } else { "refusal" };
                format!("{to}.{name} = fitting({from}.{time}, \"{text}\", {refusal});\n")
            }
            Number::Flag => format!("{to}.{name} = {from}.{name} ? 1 : 0;\n"),
            Number::Plain => format!("{to}.{name} = {from}.{name};\n"),
        },
        Kind::Level => format!("{to}.{name} = static_cast<std::int32_t>({from}.{name});\n"),
        Kind::Text => format!("{to}.{name} = terminated({from}.{name}, \"{name} has a NUL inside\");\n"),
        Kind::LongText | Kind::Bytes => format!(
            "{to}.{name} = {from}.{name}.empty() ? nullptr : {from}.{name}.data();\n\
             {to}.{name}_len = {from}.{name}.size();\n"
        ),
        // This is written by hand, below the region.
        Kind::Headers => String::new(),
    }
}

/// A statistic: its name and type in C++.
fn statistic(field: &Field) -> (String, &'static str) {
    match (field.name.strip_suffix("_us"), field.of_type.as_str()) {
        (Some(name), "uint64_t") => (with_time(name), "std::chrono::microseconds"),
        (_, "uint64_t") => (field.name.clone(), "std::uint64_t"),
        (_, "uint32_t") => (field.name.clone(), "std::uint32_t"),
        other => panic!("{other:?} is a type that the statistics of C++ do not know: {}", file!()),
    }
}

fn statistics(api: &Api) -> String {
    let member = |field| {
        let (name, of_type) = statistic(field);
        format!("{of_type} {name}{{}};\n")
    };
    api.statistics().map(member).collect()
}

fn statistics_of_c(api: &Api) -> String {
    let set = |field: &Field| match statistic(field) {
        (name, of_type @ "std::chrono::microseconds") => format!("{name} = {of_type}(c.{});\n", field.name),
        (name, _) => format!("{name} = c.{};\n", field.name),
    };
    api.statistics().map(set).collect()
}

fn options_for_c(api: &Api) -> String {
    set_flags("c_.flags", "from", &api.flags, flag)
        + &api.options().map(|option| set_option("c_", "from", option)).collect::<String>()
}

fn loop_flags(api: &Api) -> String {
    let names: Vec<_> = api.loop_flags.iter().map(|constant| constant.name.as_str()).collect();
    let mut out = format!("// The flags, {}.\n", names.join(" and "));
    for constant in &api.loop_flags {
        out += &format!("bool {} = false;\n", loop_flag(constant));
    }
    out
}

fn loop_options(api: &Api) -> String {
    api.loop_options.iter().map(member).collect()
}

fn loop_options_for_c(api: &Api) -> String {
    set_flags("c.flags", "options", &api.loop_flags, loop_flag)
        + &api.loop_options.iter().map(|option| set_option("c", "options", option)).collect::<String>()
}
