//! The regions of `bindings/java`. Lists in Java and in `jni/` that go together have the same order.

use crate::api::{Api, Enum, Kind, OptionField};
use crate::docs;
use crate::header::{Constant, Field};
use crate::names::camel;
use crate::regions::Region;

macro_rules! class {
    ($name:literal) => {
        concat!("java/src/org/egret/websocket/", $name, ".java")
    };
}

pub const REGIONS: &[Region] = &[
    Region { file: class!("ErrorCode"), name: "errors", content: |api, _| enumeration(api, &api.errors, "ErrorCode") },
    Region { file: class!("WebSocket"), name: "constants", content: |api, _| socket_constants(api) },
    Region { file: class!("CloseInfo"), name: "phases", content: |api, _| enumeration(api, &api.phases, "CloseInfo") },
    Region {
        file: class!("CloseInfo"),
        name: "initiators",
        content: |api, _| enumeration(api, &api.initiators, "CloseInfo"),
    },
    Region {
        file: class!("LoopOptions"),
        name: "log levels",
        content: |api, _| enumeration(api, &api.log_levels, "LoopOptions"),
    },
    Region { file: class!("LoopOptions"), name: "loop options", content: |api, _| loop_options(api) },
    Region { file: class!("WebSocketOptions"), name: "constants", content: |api, _| tls_versions(api) },
    Region { file: class!("WebSocketOptions"), name: "options", content: |api, _| options(api) },
    Region { file: class!("WebSocketStats"), name: "statistics", content: |api, _| statistics(api) },
    Region { file: class!("WebSocketStats"), name: "statistics from C", content: |api, _| statistics_from_c(api) },
    Region { file: "java/jni/connect.c", name: "options for C", content: |api, _| options_for_c(api) },
    Region { file: "java/jni/loop.c", name: "loop options for C", content: |api, _| loop_options_for_c(api) },
    Region { file: "java/jni/socket.c", name: "statistics", content: |api, _| statistics_for_java(api) },
];

/// `connect_timeout_ms` → `connectTimeoutMillis`
fn name(of: &str) -> String {
    match of.rsplit_once('_') {
        Some((rest, "ms")) => camel(rest) + "Millis",
        Some((rest, "us")) => camel(rest) + "Micros",
        _ => camel(of),
    }
}

/// `EGRET_WS_ERR_NOT_OPEN` → `NOT_OPEN`
fn constant_name(constant: &Constant) -> &str {
    let name = constant.short("EGRET_WS_");
    name.strip_prefix("ERR_").unwrap_or(name)
}

/// The name in Java: of a number, or of the method for a flag.
pub fn spell(api: &Api, name: &str) -> Option<String> {
    let mut flags = api.flags.iter().chain(&api.loop_flags);
    if let Some(flag) = flags.find(|flag| flag.name == name) {
        return Some(flag_name(flag));
    }
    let lists = [&api.errors, &api.states, &api.phases, &api.initiators, &api.log_levels].map(|list| &list.constants);
    let mut constants = lists.into_iter().flatten().chain(&api.tls_versions).chain(&api.limits);
    constants.find(|constant| constant.name == name).map(|constant| constant_name(constant).into())
}

fn flag_name(constant: &Constant) -> String {
    let name = constant.short("EGRET_WS_");
    camel(name.strip_prefix("LOOP_").unwrap_or(name))
}

fn enumeration(api: &Api, of: &Enum, class: &str) -> String {
    of.constants.iter().map(|constant| number(api, constant, class)).collect()
}

fn number(api: &Api, constant: &Constant, class: &str) -> String {
    let doc = docs::java(&constant.doc, |word| reference(api, class, "egret_ws_close_info", word));
    format!("{doc}public static final int {} = {};\n", constant_name(constant), constant.number())
}

fn socket_constants(api: &Api) -> String {
    let limits: String = api.limits.iter().map(|limit| number(api, limit, "WebSocket")).collect();
    limits + "\n" + &enumeration(api, &api.states, "WebSocket")
}

fn tls_versions(api: &Api) -> String {
    api.tls_versions.iter().map(|version| number(api, version, "WebSocketOptions")).collect()
}

/// Selects options by kind, and numbers them from 0.
fn of_kind<'a>(
    options: impl Iterator<Item = &'a OptionField>,
    kinds: &[Kind],
) -> impl Iterator<Item = (usize, &'a OptionField)> {
    options.filter(|option| kinds.contains(&option.kind)).enumerate()
}

const NUMBERS: &[Kind] = &[Kind::Number, Kind::Level];
const TEXTS: &[Kind] = &[Kind::Text];

/// Collects the generated members of a `Builder` class.
struct Builder<'a> {
    api: &'a Api,
    class: &'a str,
    of: &'a str,
    out: String,
}

impl Builder<'_> {
    fn array(&mut self, of_type: &str, name: &str, count: usize) {
        self.out += &format!("private final {of_type}[] {name} = new {of_type}[{count}];\n");
    }

    fn method(&mut self, doc: &str, name: &str, parameter: &str, call: &str) {
        let doc = docs::java(doc, |word| reference(self.api, self.class, self.of, word));
        self.out += &format!("\n{doc}public @NotNull Builder {name}({parameter}) {{\n    return {call};\n}}\n");
    }

    fn numbers<'a>(&mut self, options: impl Iterator<Item = &'a OptionField>) {
        for (at, option) in of_kind(options, NUMBERS) {
            let unit = match option.name.rsplit_once('_') {
                Some((_, "ms")) => "millis",
                Some((_, "us")) => "micros",
                Some((_, unit @ ("bytes" | "bits" | "level" | "version"))) => unit,
                _ => "count",
            };
            let call = format!("number({at}, {unit})");
            self.method(&option.doc, &name(&option.name), &format!("int {unit}"), &call);
        }
    }

    fn flags(&mut self, flags: &[Constant]) {
        for flag in flags {
            self.method(&flag.doc, &flag_name(flag), "boolean on", &format!("flag({}, on)", flag.number()));
        }
    }
}

fn options(api: &Api) -> String {
    let mut builder = Builder { api, class: "WebSocketOptions.Builder", of: "egret_ws_options", out: String::new() };
    builder.array("int", "numbers", of_kind(api.options(), NUMBERS).count());
    builder.array("String", "texts", of_kind(api.options(), TEXTS).count());
    builder.numbers(api.options());
    for (at, option) in of_kind(api.options(), TEXTS) {
        let call = format!("text({at}, text)");
        builder.method(&option.doc, &name(&option.name), "@Nullable String text", &call);
    }
    builder.flags(&api.flags);
    builder.out
}

fn loop_options(api: &Api) -> String {
    let mut builder = Builder { api, class: "LoopOptions.Builder", of: "egret_ws_loop_options", out: String::new() };
    builder.array("int", "numbers", of_kind(api.loop_options.iter(), NUMBERS).count());
    builder.flags(&api.loop_flags);
    builder.numbers(api.loop_options.iter());
    builder.out
}

fn options_for_c(api: &Api) -> String {
    let list = |kinds| -> String {
        of_kind(api.options(), kinds).map(|(_, o)| format!("    FIELD({}.{}),\n", group(o), o.field())).collect()
    };
    fn group(option: &OptionField) -> &str {
        if option.group.is_empty() { "socket" } else { option.group }
    }
    format!(
        "static const size_t number_fields[] = {{\n{}}};\nstatic const size_t text_fields[] = {{\n{}}};\n",
        list(NUMBERS),
        list(TEXTS)
    )
}

fn loop_options_for_c(api: &Api) -> String {
    let count = of_kind(api.loop_options.iter(), NUMBERS).count();
    let mut out =
        format!("jint values[{count}] = {{0}};\n(*env)->GetIntArrayRegion(env, numbers, 0, COUNT(values), values);\n");
    for (at, option) in of_kind(api.loop_options.iter(), NUMBERS) {
        let cast = if option.kind == Kind::Level { "" } else { "(uint32_t)" };
        out += &format!("options.{} = {cast}values[{at}];\n", option.name);
    }
    out
}

/// Statistics with their types in Java, sorted by type: numbers of 32 bits, numbers of 64 bits, texts.
fn in_order(api: &Api) -> Vec<(&'static str, &Field)> {
    let mut fields: Vec<_> = api.statistics().map(|field| (java_type(field), field)).collect();
    fields.sort_by_key(|(of_type, _)| ["int", "long", "String"].iter().position(|one| one == of_type));
    fields
}

fn java_type(field: &Field) -> &'static str {
    match field.of_type.as_str() {
        "uint32_t" => "int",
        "uint64_t" => "long",
        array if array.starts_with("char[") => "String",
        other => panic!("{}: {other} is a type that Java's statistics do not know", field.name),
    }
}

fn statistics(api: &Api) -> String {
    let mut out = String::new();
    for (of_type, field) in in_order(api) {
        let of_type = if of_type == "String" { "@NotNull String" } else { of_type };
        out += &docs::java(&field.doc, |word| reference(api, "WebSocketStats", "egret_ws_statistics", word));
        out += &format!("public final {of_type} {};\n", name(&field.name));
    }
    out
}

fn statistics_from_c(api: &Api) -> String {
    let fields = in_order(api);
    let numbers = fields.iter().filter(|(of_type, _)| *of_type != "String").count();
    let texts: String = fields[numbers..].iter().map(|(_, field)| format!(", String {}", name(&field.name))).collect();
    let mut out = format!(
        "/** The number of values, in the order of {{@code jni/socket.c}}. */\nstatic final int COUNT = {numbers};\n"
    );
    out += &format!("\nWebSocketStats(long[] values{texts}) {{\n");
    for (at, (of_type, field)) in fields.iter().enumerate() {
        let name = name(&field.name);
        out += &match *of_type {
            "int" => format!("    {name} = (int) values[{at}];\n"),
            "long" => format!("    {name} = values[{at}];\n"),
            _ => format!("    this.{name} = {name};\n"),
        };
    }
    out + "}\n"
}

fn statistics_for_java(api: &Api) -> String {
    let fields = in_order(api).into_iter().filter(|(of_type, _)| *of_type != "String");
    let lines: String = fields.map(|(_, field)| format!("    (jlong)s.{},\n", field.name)).collect();
    format!("const jlong values[] = {{\n{lines}}};\n")
}

/// Translates a name in a comment to the target of an `@link` in `class`. `of` is the struct that the comment belongs to: if
/// several structs have a field of this name, its field is meant.
fn reference(api: &Api, class: &str, of: &str, word: &str) -> Option<String> {
    let (found, member) = if word.starts_with("EGRET_WS_") {
        constant(api, word)?
    } else if let Some(function) = word.strip_prefix("egret_ws_") {
        function_or_callback(function)?
    } else if word.starts_with("on_") {
        callback(word)
    } else {
        field(api, of, word)?
    };
    Some(if found == class { format!("#{member}") } else { format!("{found}#{member}") })
}

fn constant(api: &Api, word: &str) -> Option<(&'static str, String)> {
    let homes = [
        ("ErrorCode", &api.errors.constants),
        ("WebSocket", &api.states.constants),
        ("CloseInfo", &api.phases.constants),
        ("CloseInfo", &api.initiators.constants),
        ("LoopOptions", &api.log_levels.constants),
        ("WebSocketOptions", &api.tls_versions),
        ("WebSocketOptions.Builder", &api.flags),
        ("LoopOptions.Builder", &api.loop_flags),
    ];
    let is_limit = api.limits.iter().any(|limit| limit.name == word);
    let is_home = |(_, constants): &(&str, &Vec<Constant>)| constants.iter().any(|constant| constant.name == word);
    let home = homes.into_iter().find(is_home).map(|(class, _)| class);
    let class = home.or_else(|| is_limit.then_some("WebSocket"))?;
    Some((class, spell(api, word)?))
}

fn function_or_callback(function: &str) -> Option<(&'static str, String)> {
    Some(match function {
        "loop_free" => ("WebSocketLoop", "close".into()),
        "connect" | "connect_host" => ("WebSocketLoop", "connect".into()),
        "loop_next_poll_ms" => ("WebSocketLoop", "timeout".into()),
        "normalize_url" => ("WebSocketLoop", "normalizeUrl".into()),
        "free" | "loop_options_init" | "options_init" | "retry_options_init" | "deflate_options_init" | "loop_new" => {
            return None;
        }
        _ => match function.strip_prefix("loop_") {
            Some(name) => ("WebSocketLoop", camel(name)),
            None => ("WebSocket", camel(function)),
        },
    })
}

fn callback(word: &str) -> (&'static str, String) {
    match word {
        "on_log" => ("LoopOptions.Log", "onLog".into()),
        "on_message" => ("WebSocketListener", "onMessage".into()),
        _ => ("WebSocketListener", camel(word)),
    }
}

fn field(api: &Api, of: &str, word: &str) -> Option<(&'static str, String)> {
    let homes = [
        ("egret_ws_close_info", "CloseInfo"),
        ("egret_ws_options", "WebSocketOptions.Builder"),
        ("egret_ws_retry_options", "WebSocketOptions.Builder"),
        ("egret_ws_deflate_options", "WebSocketOptions.Builder"),
        ("egret_ws_statistics", "WebSocketStats"),
        ("egret_ws_loop_options", "LoopOptions.Builder"),
    ];
    let has = |home: &str| api.header.fields(home).iter().any(|field| field.name == word);
    let is_shown =
        !matches!(word, "struct_size" | "flags" | "user" | "header_count" | "release_user") && !word.ends_with("_len");
    let own = homes.iter().find(|(home, _)| *home == of && has(home));
    let (of, class) = own.or_else(|| homes.iter().find(|(home, _)| has(home))).filter(|_| is_shown)?;
    Some((class, if word == "headers" { "header".into() } else { name(&Api::option_name(of, word)) }))
}
