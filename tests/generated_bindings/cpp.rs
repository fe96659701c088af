//! The regions of `bindings/cpp`.

use crate::api::{Api, Enum, Kind, OptionField};
use crate::header::Constant;
use crate::regions::Region;

pub const REGIONS: &[Region] = &[
    Region { file: "cpp/egret_ws/result.hpp", name: "errors", content: |api, _| enumerators(&api.errors, error) },
    Region { file: "cpp/egret_ws/types.hpp", name: "constants", content: |api, _| constants(api) },
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
        group.options.iter().for_each(|option| out += &member(option));
    }
    out
}

fn member(OptionField { name, kind, .. }: &OptionField) -> String {
    match kind {
        Kind::Number => format!("std::uint32_t {name} = 0;\n"),
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
    let OptionField { name, group, kind, .. } = option;
    match kind {
        Kind::Number if !group.is_empty() => format!("{group}_.{} = {from}.{name};\n", option.field()),
        Kind::Number => format!("{to}.{name} = {from}.{name};\n"),
        Kind::Level => format!("{to}.{name} = static_cast<std::int32_t>({from}.{name});\n"),
        Kind::Text => format!("{to}.{name} = terminated({from}.{name});\n"),
        Kind::LongText | Kind::Bytes => format!(
            "{to}.{name} = {from}.{name}.empty() ? nullptr : {from}.{name}.data();\n\
             {to}.{name}_len = {from}.{name}.size();\n"
        ),
        // By hand, below the region.
        Kind::Headers => String::new(),
    }
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
