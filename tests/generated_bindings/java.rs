//! The regions of `bindings/java`. Lists in Java and in `jni/` that belong together have one order.

use crate::api::{Api, Enum};
use crate::docs;
use crate::header::{Constant, Field};
use crate::java_options::{DEFLATE, LOOP, RETRY, SOCKET, getters, loop_options_for_c, options_for_c, setters};
use crate::names::{camel, capital};
use crate::regions::Region;

macro_rules! class {
    ($name:literal) => {
        concat!("java/src/org/egret/websocket/", $name, ".java")
    };
}

pub const REGIONS: &[Region] = &[
    Region { file: class!("ErrorCode"), name: "errors", content: |api, _| enumeration(api, &api.errors) },
    Region { file: class!("WebSocket"), name: "constants", content: |api, _| limits(api) },
    Region { file: class!("WebSocket"), name: "states", content: |api, _| enumeration(api, &api.states) },
    Region { file: class!("CloseInfo"), name: "phases", content: |api, _| enumeration(api, &api.phases) },
    Region { file: class!("CloseInfo"), name: "initiators", content: |api, _| enumeration(api, &api.initiators) },
    Region { file: class!("LoopOptions"), name: "log levels", content: |api, _| enumeration(api, &api.log_levels) },
    Region { file: class!("LoopOptions"), name: "getters", content: |api, _| getters(api, &LOOP) },
    Region { file: class!("LoopOptions"), name: "loop options", content: |api, _| setters(api, &LOOP) },
    Region { file: class!("WebSocketOptions"), name: "constants", content: |api, _| tls_versions(api) },
    Region { file: class!("WebSocketOptions"), name: "getters", content: |api, _| getters(api, &SOCKET) },
    Region { file: class!("WebSocketOptions"), name: "options", content: |api, _| setters(api, &SOCKET) },
    Region { file: class!("RetryOptions"), name: "getters", content: |api, _| getters(api, &RETRY) },
    Region { file: class!("RetryOptions"), name: "options", content: |api, _| setters(api, &RETRY) },
    Region { file: class!("DeflateOptions"), name: "getters", content: |api, _| getters(api, &DEFLATE) },
    Region { file: class!("DeflateOptions"), name: "options", content: |api, _| setters(api, &DEFLATE) },
    Region { file: class!("WebSocketStats"), name: "statistics", content: |api, _| statistics(api) },
    Region { file: "java/jni/connect.c", name: "options for C", content: |api, _| options_for_c(api) },
    Region { file: "java/jni/loop.c", name: "loop options for C", content: |api, _| loop_options_for_c(api) },
    Region { file: "java/jni/socket.c", name: "statistics", content: |api, _| statistics_for_java(api) },
];

/// The struct of statistics.
const STATISTICS: &str = "egret_ws_statistics";

/// `connect_timeout_ms` → `connectTimeoutMillis`
pub fn name(of: &str) -> String {
    match of.rsplit_once('_') {
        Some((rest, "ms")) => camel(rest) + "Millis",
        Some((rest, "us")) => camel(rest) + "Micros",
        _ => camel(of),
    }
}

/// Prefixes of constants that are an enum in Java, and the name of the enum.
const ENUMS: &[(&str, &str)] = &[
    ("ERR_", "ErrorCode"),
    ("STATE_", "WebSocket.State"),
    ("PHASE_", "CloseInfo.Phase"),
    ("INITIATOR_", "CloseInfo.Initiator"),
    ("LOG_", "LoopOptions.LogLevel"),
];

/// `EGRET_WS_ERR_NOT_OPEN` → `NOT_OPEN`
fn constant_name(constant: &Constant) -> &str {
    let name = constant.short("EGRET_WS_");
    ENUMS.iter().find_map(|(prefix, _)| name.strip_prefix(prefix)).unwrap_or(name)
}

/// `connectTimeoutMillis` → `getConnectTimeoutMillis`
fn getter(name: &str) -> String {
    format!("get{}", capital(name))
}

/// The name in Java: of a number, or of the method for a flag.
pub fn spell(api: &Api, name: &str) -> Option<String> {
    if let "EGRET_WS_UNLIMITED" | "EGRET_WS_AT_ONCE" = name {
        return name.strip_prefix("EGRET_WS_").map(String::from); // by hand, in `Options`
    }
    if let Some(action) = name.strip_prefix("EGRET_WS_REQUEST_") {
        return Some(action.into()); // by hand, in `RequestHook.Action`
    }
    if let "EGRET_WS_FRAME_SENT" | "EGRET_WS_FRAME_RECEIVED" | "EGRET_WS_FRAME_LOST" = name {
        return name.strip_prefix("EGRET_WS_FRAME_").map(String::from); // by hand, in `Frame.Kind`
    }
    let mut flags = api.flags.iter().chain(&api.loop_flags);
    if let Some(flag) = flags.find(|flag| flag.name == name) {
        return Some(flag_name(flag));
    }
    let lists = [&api.errors, &api.states, &api.phases, &api.initiators, &api.log_levels].map(|list| &list.constants);
    let mut constants = lists.into_iter().flatten().chain(&api.tls_versions).chain(&api.limits);
    constants.find(|constant| constant.name == name).map(|constant| constant_name(constant).into())
}

pub fn flag_name(constant: &Constant) -> String {
    let name = constant.short("EGRET_WS_");
    camel(name.strip_prefix("LOOP_").unwrap_or(name))
}

fn enumeration(api: &Api, of: &Enum) -> String {
    let (_, class) =
        ENUMS.iter().find(|(prefix, _)| of.constants.iter().any(|c| c.name.contains(prefix))).expect("an enum");
    let constants = of.constants.iter();
    constants.map(|c| format!("{}{}({}),\n", constant_doc(api, c, class), constant_name(c), c.number())).collect()
}

fn number(api: &Api, constant: &Constant, class: &str) -> String {
    let doc = constant_doc(api, constant, class);
    format!("{doc}public static final int {} = {};\n", constant_name(constant), constant.number())
}

fn constant_doc(api: &Api, constant: &Constant, class: &str) -> String {
    // Java has no `release_user`.
    let doc = constant.doc.replace("called their `release_user`", "handled their end");
    docs::java(&doc, |word| reference(api, class, "egret_ws_close_info", word))
}

fn limits(api: &Api) -> String {
    api.limits.iter().map(|limit| number(api, limit, "WebSocket")).collect()
}

fn tls_versions(api: &Api) -> String {
    api.tls_versions.iter().map(|version| number(api, version, "WebSocketOptions")).collect()
}

fn java_type(field: &Field) -> &'static str {
    match field.of_type.as_str() {
        "uint32_t" => "int",
        "uint64_t" => "long",
        other => panic!("{}: {other} is a type that Java's statistics do not know", field.name),
    }
}

fn statistics(api: &Api) -> String {
    let mut out = format!("private static final int COUNT = {};\n", api.statistics().count());
    for (at, field) in api.statistics().enumerate() {
        let of_type = java_type(field);
        let cast = if of_type == "int" { "(int) " } else { "" };
        out += "\n";
        out += &docs::java(&field.doc, |word| reference(api, "WebSocketStats", STATISTICS, word));
        let getter = getter(&name(&field.name));
        out += &format!("public {of_type} {getter}() {{\n    return {cast}values[{at}];\n}}\n");
    }
    out
}

fn statistics_for_java(api: &Api) -> String {
    let lines: String = api.statistics().map(|field| format!("    (jlong)s.{},\n", field.name)).collect();
    format!("const jlong values[] = {{\n{lines}}};\n")
}

/// Translates a name in a comment to the target of an `@link` in `class`. `of` is the struct to which the comment belongs: if
/// several structs have a field of this name, the field of this struct is used.
pub fn reference(api: &Api, class: &str, of: &str, word: &str) -> Option<String> {
    let (found, member) = if word.starts_with("EGRET_WS_") {
        constant(api, word)?
    } else if let Some(function) = word.strip_prefix("egret_ws_") {
        function_or_callback(function)?
    } else if word.starts_with("on_") {
        callback(word)
    } else {
        field(api, of, word)?
    };
    Some(match member.as_str() {
        "" => found.into(),
        _ if found == class => format!("#{member}"),
        _ => format!("{found}#{member}"),
    })
}

fn constant(api: &Api, word: &str) -> Option<(&'static str, String)> {
    let short = word.strip_prefix("EGRET_WS_")?;
    if let Some((_, class)) = ENUMS.iter().find(|(prefix, _)| short.strip_suffix('*') == Some(prefix)) {
        return Some((class, String::new()));
    }
    let homes = [
        ("ErrorCode", &api.errors.constants),
        ("WebSocket.State", &api.states.constants),
        ("CloseInfo.Phase", &api.phases.constants),
        ("CloseInfo.Initiator", &api.initiators.constants),
        ("LoopOptions.LogLevel", &api.log_levels.constants),
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
        "close_report" => ("WebSocket", "getCloseInfo".into()),
        "abort" => ("WebSocket", "cancel".into()),
        "last_error_message" => ("WebSocketException", "getMessage".into()),
        "state" | "stats" | "remote_address" | "local_address" | "tried_addresses" | "buffered_amount"
        | "generation" | "subprotocol" | "extensions" | "response_header" | "response_headers" | "response_body"
        | "response_cookies" | "proxy" | "tls_cipher" | "tls_alpn" => ("WebSocket", getter(&camel(function))),
        "peer_certificate" => ("WebSocket", "getPeerCertificates".into()),
        "is_retryable" => ("CloseInfo", "isRetryable".into()),
        "connect" | "connect_host" => ("WebSocketLoop", "connect".into()),
        "loop_next_poll_ms" => ("WebSocketLoop", "getNextPollMillis".into()),
        "loop_descriptor" => ("WebSocketLoop", "getDescriptor".into()),
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
        "on_request" => ("RequestHook", "onRequest".into()),
        "on_resolve" => ("ResolveHook", "onResolve".into()),
        "on_proxy" => ("ProxyHook", "onProxy".into()),
        "on_socket" => ("SocketHook", "onSocket".into()),
        "on_log" => ("LoopOptions.Log", "onLog".into()),
        "on_message" => ("WebSocketListener", "onMessage".into()),
        _ => ("WebSocketListener", camel(word)),
    }
}

fn field(api: &Api, of: &str, word: &str) -> Option<(&'static str, String)> {
    let homes = [
        ("egret_ws_close_info", "CloseInfo"),
        ("egret_ws_options", "WebSocketOptions.Builder"),
        ("egret_ws_retry_options", "RetryOptions.Builder"),
        ("egret_ws_deflate_options", "DeflateOptions.Builder"),
        (STATISTICS, "WebSocketStats"),
        ("egret_ws_loop_options", "LoopOptions.Builder"),
    ];
    let has = |home: &str| api.header.fields(home).iter().any(|field| field.name == word);
    let is_shown =
        !matches!(word, "struct_size" | "flags" | "user" | "header_count" | "release_user") && !word.ends_with("_len");
    let own = homes.iter().find(|(home, _)| *home == of && has(home));
    let (_, class) = own.or_else(|| homes.iter().find(|(home, _)| has(home))).filter(|_| is_shown)?;
    let name = if word == "headers" { "header".into() } else { name(word) };
    Some((class, if class.ends_with("Builder") { name } else { getter(&name) }))
}
