//! Sorts the names of the header by their use in bindings. It panics if a name has no place, so that none is forgotten.

use crate::header::{Constant, Field, Header};
use std::collections::BTreeSet;

/// The options of a socket, in groups with a heading, in the order in which bindings list them. Add a new option at the end of
/// a group: in C++ the order of members is part of the API.
const OPTION_GROUPS: &[(&str, &[&str])] = &[
    (
        "Deadlines.",
        &[
            "connect_timeout_ms",
            "handshake_timeout_ms",
            "flush_timeout_ms",
            "close_timeout_ms",
            "resolve_timeout_ms",
            "proxy_timeout_ms",
            "tls_timeout_ms",
            "open_timeout_ms",
        ],
    ),
    ("Bounds.", &["max_message_bytes", "max_send_buffer_bytes", "max_receive_queue_bytes", "max_refusal_body_bytes"]),
    (
        "The request. An empty text is not the same as none: see `user_agent` and `proxy`.",
        &["subprotocols", "headers", "origin", "user_agent", "username", "password", "max_redirects", "proxy"],
    ),
    ("TLS.", &["tls_min_version", "tls_roots", "tls_pins", "tls_identity", "tls_identity_password", "tls_server_name"]),
    (
        "permessage-deflate.",
        &[
            "deflate_level",
            "deflate_threshold_bytes",
            "deflate_client_window_bits",
            "deflate_server_window_bits",
            "deflate_client_no_context_takeover",
            "deflate_server_no_context_takeover",
        ],
    ),
    ("The network.", &["addresses", "attempt_delay_ms", "local_address", "local_interface"]),
    ("Heartbeat.", &["ping_interval_ms", "pong_timeout_ms", "probe_timeout_ms"]),
    (
        "Reconnecting.",
        &["retry_attempts", "retry_min_wait_ms", "retry_first_wait_ms", "retry_max_wait_ms", "retry_total_ms"],
    ),
];

/// Constants that are not generated, because bindings do not need them or contain them by hand.
const CONSTANTS_BY_HAND: &[&str] = &[
    "EGRET_WS_NUL_TERMINATED",
    "EGRET_WS_VERSION_NUMBER",
    "EGRET_WS_UNLIMITED",
    "EGRET_WS_AT_ONCE",
    "EGRET_WS_REQUEST_CONTINUE",
    "EGRET_WS_REQUEST_CONNECT",
    "EGRET_WS_REQUEST_WAIT",
    "EGRET_WS_REQUEST_STOP",
    "EGRET_WS_FRAME_SENT",
    "EGRET_WS_FRAME_RECEIVED",
    "EGRET_WS_FRAME_LOST",
    "EGRET_WS_FRAME_FIN",
    "EGRET_WS_FRAME_COMPRESSED",
    "EGRET_WS_TLS_CAN_ROOTS",
    "EGRET_WS_TLS_CAN_IDENTITY",
    "EGRET_WS_TLS_CAN_ANY_CERTIFICATE",
    "EGRET_WS_TLS_CAN_MIN_VERSION",
    "EGRET_WS_TLS_CAN_CHAIN",
    "EGRET_WS_TLS_CAN_RESUME",
    "EGRET_WS_TLS_ESTABLISHED",
    "EGRET_WS_TLS_HAS_OUTPUT",
    "EGRET_WS_TLS_PEER_CLOSED",
    "EGRET_WS_TLS_BUSY",
    "EGRET_WS_TLS_MESSAGE_BYTES",
];

/// Fields of options that bindings set by hand.
const FIELDS_BY_HAND: &[&str] = &["struct_size", "flags", "user", "header_count", "hooks", "tls_provider"];

/// Constants of one kind. Their names begin with the same prefix.
pub struct Enum {
    /// The name of the enum in C++.
    pub name: &'static str,
    pub prefix: &'static str,
    pub constants: Vec<Constant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `uint32_t`
    Number,
    /// `log_level`
    Level,
    /// `const char *` with a NUL at its end.
    Text,
    /// `const char *`, followed by a field for its length.
    LongText,
    /// `const uint8_t *`, followed by a field for its length.
    Bytes,
    /// `headers`
    Headers,
}

pub struct OptionField {
    /// The name in bindings: the name of the field. If a pointer leads to its struct, the pointer's name comes first
    /// (`retry_total_ms`).
    pub name: String,
    /// The pointer to the struct that contains it (`retry`). Empty for a field of the options themselves.
    pub group: &'static str,
    pub kind: Kind,
    pub doc: String,
}

pub struct Group {
    pub heading: &'static str,
    pub options: Vec<OptionField>,
}

pub struct Api {
    pub header: Header,
    pub errors: Enum,
    pub kinds: Enum,
    pub states: Enum,
    pub phases: Enum,
    pub initiators: Enum,
    pub log_levels: Enum,
    pub tls_versions: Vec<Constant>,
    /// `EGRET_WS_MAX_…`
    pub limits: Vec<Constant>,
    pub flags: Vec<Constant>,
    pub loop_flags: Vec<Constant>,
    pub groups: Vec<Group>,
    pub loop_options: Vec<OptionField>,
}

impl Api {
    pub fn of(mut header: Header) -> Api {
        let flags = flags_of(&header, "egret_ws_options");
        let loop_flags = flags_of(&header, "egret_ws_loop_options");
        let mut constants = std::mem::take(&mut header.constants);
        let mut take = |wanted: &dyn Fn(&str) -> bool| -> Vec<Constant> {
            let taken: Vec<_> = constants.extract_if(.., |constant| wanted(&constant.name)).collect();
            assert!(!taken.is_empty(), "constants were not found in the header");
            taken
        };
        let flags = take(&|name| flags.contains(name));
        let loop_flags = take(&|name| loop_flags.contains(name));
        let kinds = take(&|name| matches!(name, "EGRET_WS_TEXT" | "EGRET_WS_BINARY"));
        let errors = take(&|name| name == "EGRET_WS_OK" || name.starts_with("EGRET_WS_ERR_"));
        let limits = take(&|name| name.starts_with("EGRET_WS_MAX_"));
        let tls_versions = take(&|name| name.starts_with("EGRET_WS_TLS_1_"));
        let mut prefixed = |name, prefix| {
            let constants = take(&|name: &str| name.starts_with(prefix));
            Enum { name, prefix, constants }
        };
        let states = prefixed("State", "EGRET_WS_STATE_");
        let phases = prefixed("Phase", "EGRET_WS_PHASE_");
        let initiators = prefixed("Initiator", "EGRET_WS_INITIATOR_");
        let log_levels = prefixed("LogLevel", "EGRET_WS_LOG_");
        for constant in &constants {
            let by_hand = CONSTANTS_BY_HAND.contains(&constant.name.as_str());
            assert!(by_hand, "{} has no place in bindings: add it in {}", constant.name, file!());
        }
        let options = options_of(&header, "egret_ws_options");
        let loop_options = options_of(&header, "egret_ws_loop_options");
        Api {
            errors: Enum { name: "Error", prefix: "EGRET_WS_", constants: errors },
            kinds: Enum { name: "Kind", prefix: "EGRET_WS_", constants: kinds },
            states,
            phases,
            initiators,
            log_levels,
            tls_versions,
            limits,
            flags,
            loop_flags,
            groups: in_groups(options),
            loop_options,
            header,
        }
    }

    pub fn options(&self) -> impl Iterator<Item = &OptionField> {
        self.groups.iter().flat_map(|group| &group.options)
    }

    /// Translates the name of a field of a struct of options to the name in bindings.
    pub fn option_name(of: &str, field: &str) -> String {
        let group = POINTERS.iter().find(|(_, pointed)| *pointed == of);
        group.map_or_else(|| field.to_owned(), |(group, _)| format!("{group}_{field}"))
    }

    /// The fields of the statistics, without `struct_size`.
    pub fn statistics(&self) -> impl Iterator<Item = &Field> {
        self.header.fields("egret_ws_statistics").iter().filter(|field| field.name != "struct_size")
    }
}

/// The constants that the comment of a struct's `flags` lists.
fn flags_of(header: &Header, name: &str) -> BTreeSet<String> {
    let flags = header.fields(name).iter().find(|field| field.name == "flags").expect("flags");
    flags.doc.split('`').filter(|word| word.starts_with("EGRET_WS_")).map(String::from).collect()
}

impl OptionField {
    /// The field in C, without its group.
    pub fn field(&self) -> &str {
        self.name.strip_prefix(self.group).map_or(&*self.name, |name| name.trim_start_matches('_'))
    }
}

/// Pointers of the options to structs with more options. Bindings list these options with a prefix.
const POINTERS: &[(&str, &str)] = &[("retry", "egret_ws_retry_options"), ("deflate", "egret_ws_deflate_options")];

fn options_of(header: &Header, name: &str) -> Vec<OptionField> {
    let mut options = fields_of(header, name, "");
    for (group, of) in POINTERS.iter().filter(|_| name == "egret_ws_options") {
        options.extend(fields_of(header, of, group));
    }
    options
}

fn fields_of(header: &Header, name: &str, group: &'static str) -> Vec<OptionField> {
    let fields = header.fields(name);
    let has = |name: String| fields.iter().any(|field| field.name == name);
    let kind = |field: &Field| match (field.of_type.as_str(), field.name.as_str()) {
        (_, name) if FIELDS_BY_HAND.contains(&name) => None,
        // Each binding has its own form of listeners or closures.
        (of_type, _) if of_type.ends_with("_fn") => None,
        (of_type, name) if POINTERS.iter().any(|(pointer, of)| *pointer == name && of_type.contains(of)) => None,
        ("size_t", name) if name.strip_suffix("_len").is_some_and(|text| has(text.into())) => None,
        ("uint32_t", _) => Some(Kind::Number),
        ("egret_ws_log_level_t", "log_level") => Some(Kind::Level),
        ("const char *", name) if has(format!("{name}_len")) => Some(Kind::LongText),
        ("const char *", _) => Some(Kind::Text),
        ("const uint8_t *", name) if has(format!("{name}_len")) => Some(Kind::Bytes),
        ("const egret_ws_header *", "headers") => Some(Kind::Headers),
        _ => panic!("{name}.{} has no kind: add one in {}", field.name, file!()),
    };
    let options = fields.iter().filter_map(|field| {
        let bindings_name = Api::option_name(name, &field.name);
        Some(OptionField { kind: kind(field)?, name: bindings_name, group, doc: field.doc.clone() })
    });
    options.collect()
}

fn in_groups(mut options: Vec<OptionField>) -> Vec<Group> {
    let mut take = |name: &&str| {
        let at = options.iter().position(|option| option.name == **name);
        options.remove(at.unwrap_or_else(|| panic!("the header has no option {name}: remove it from {}", file!())))
    };
    let groups = OPTION_GROUPS
        .iter()
        .map(|(heading, names)| Group { heading, options: names.iter().map(&mut take).collect() })
        .collect();
    let left: Vec<_> = options.iter().map(|option| &option.name).collect();
    assert!(left.is_empty(), "options that are in no group: add {left:?} to OPTION_GROUPS of {}", file!());
    groups
}
