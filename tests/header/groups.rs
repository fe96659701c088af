//! Sorts the declarations of the header by topic, and puts each topic into a group of Doxygen.

/// The groups: the name in Doxygen, the title, and a sentence.
const GROUPS: &[(&str, &str, &str)] = &[
    ("loops", "Loops", "A loop does the I/O of its sockets and runs their callbacks when it is polled."),
    (
        "sockets",
        "Sockets",
        "A socket is one WebSocket connection of a loop: connecting, closing, states and the close report.",
    ),
    ("sending", "Sending", "Messages and pings of the application, and the send queue."),
    ("receiving", "Receiving", "Messages, pongs and frames of the server, and the receive queue."),
    ("reconnecting", "Reconnecting", "Attempts after a loss, the waits between them, and the request of each attempt."),
    ("phone", "Phone", "Suspend, resume, and a change of the network."),
    ("options", "Options", "Options and flags of sockets, and special values of options."),
    ("errors", "Errors", "The numbers that calls and close reports have, and the reason of a refusal in words."),
    ("log", "Log", "Log lines and their levels."),
    ("tls", "TLS", "Versions, certificates, and TLS providers: TLS that the application brings."),
    ("hooks", "Hooks", "Functions of the application that look names up, find proxies, and change descriptors."),
    ("details", "Details of a connection", "Addresses, the proxy, and the answer of the server."),
    ("statistics", "Statistics", "Counts, times and queues of a socket."),
    ("library", "Library", "Versions, and helpers for bindings."),
];

/// Names and beginnings of names (with a star), and their group. The first row that fits counts.
const MEMBERS: &[(&str, &[&str])] = &[
    ("log", &["EGRET_WS_LOG_*", "egret_ws_log_level_t", "egret_ws_on_log_fn"]),
    (
        "phone",
        &[
            "EGRET_WS_LOOP_CLOSE_ON_SUSPEND",
            "EGRET_WS_LOOP_FORGET_TLS_SESSIONS",
            "egret_ws_loop_suspend",
            "egret_ws_loop_resume",
            "egret_ws_loop_network_changed",
        ],
    ),
    ("loops", &["EGRET_WS_LOOP_*", "egret_ws_loop*", "egret_ws_on_wakeup_fn", "egret_ws_free_report"]),
    (
        "sending",
        &[
            "EGRET_WS_MAX_MESSAGE_BYTES",
            "EGRET_WS_TEXT",
            "EGRET_WS_BINARY",
            "egret_ws_kind_t",
            "egret_ws_send",
            "egret_ws_ping",
            "egret_ws_buffered_amount",
            "egret_ws_on_drain_fn",
        ],
    ),
    (
        "receiving",
        &[
            "EGRET_WS_FRAME_*",
            "egret_ws_direction_t",
            "egret_ws_on_message_fn",
            "egret_ws_on_pong_fn",
            "egret_ws_on_frame_fn",
            "egret_ws_pause_receive",
            "egret_ws_resume_receive",
        ],
    ),
    (
        "reconnecting",
        &[
            "EGRET_WS_REQUEST_*",
            "egret_ws_request*",
            "egret_ws_on_request_fn",
            "egret_ws_on_retry_fn",
            "egret_ws_retry*",
            "egret_ws_generation",
            "egret_ws_is_retryable",
        ],
    ),
    ("errors", &["EGRET_WS_OK", "EGRET_WS_ERR_*", "egret_ws_error_*", "egret_ws_last_error_message"]),
    ("tls", &["EGRET_WS_TLS_*", "egret_ws_tls_*", "egret_ws_peer_certificate"]),
    (
        "hooks",
        &[
            "egret_ws_hooks*",
            "egret_ws_query",
            "egret_ws_on_resolve_fn",
            "egret_ws_on_proxy_fn",
            "egret_ws_on_socket_fn",
            "egret_ws_resolved",
            "egret_ws_proxy_found",
        ],
    ),
    (
        "details",
        &[
            "egret_ws_remote_address",
            "egret_ws_local_address",
            "egret_ws_tried_addresses",
            "egret_ws_proxy",
            "egret_ws_subprotocol",
            "egret_ws_extensions",
            "egret_ws_response_*",
        ],
    ),
    ("statistics", &["egret_ws_stat*s"]),
    ("library", &["EGRET_WS_VERSION_NUMBER", "egret_ws_version_*", "egret_ws_normalize_url", "EGRET_WS_HAS_FIELD"]),
    (
        "options",
        &[
            "EGRET_WS_NUL_TERMINATED",
            "EGRET_WS_UNLIMITED",
            "EGRET_WS_AT_ONCE",
            "EGRET_WS_ONLY_THESE_ROOTS",
            "EGRET_WS_PROXY_FROM_ENVIRONMENT",
            "EGRET_WS_RESEND",
            "EGRET_WS_DISABLE_*",
            "EGRET_WS_SECURE_REDIRECTS_ONLY",
            "EGRET_WS_ACCEPT_ANY_CERTIFICATE",
            "EGRET_WS_ALLOW_PRIVATE_REDIRECTS",
            "egret_ws_options*",
            "egret_ws_deflate_options*",
            "egret_ws_header",
        ],
    ),
    (
        "sockets",
        &[
            "EGRET_WS_MAX_PENDING_SOCKETS",
            "EGRET_WS_STATE_*",
            "EGRET_WS_PHASE_*",
            "EGRET_WS_INITIATOR_*",
            "egret_ws_state*",
            "egret_ws_phase_t",
            "egret_ws_initiator_t",
            "egret_ws",
            "egret_ws_user",
            "egret_ws_connect*",
            "egret_ws_close*",
            "egret_ws_abort",
            "egret_ws_free",
            "egret_ws_on_connect_fn",
            "egret_ws_on_close_fn",
            "egret_ws_release_user_fn",
        ],
    ),
];

/// A declaration with its comment.
struct Item<'a> {
    text: &'a str,
    name: &'a str,
    group: usize,
}

/// The declaration of an item, without the comment before it. Fields of a struct keep their comments.
pub fn declaration(text: &str) -> &str {
    text.split_once("*/\n").filter(|_| text.starts_with("/*")).map_or(text, |(_, declaration)| declaration)
}

/// A text without comments.
fn code(text: &str) -> String {
    let parts = text.split("/*").enumerate();
    parts.map(|(at, part)| if at == 0 { part } else { part.split_once("*/").map_or("", |(_, code)| code) }).collect()
}

/// The name that a declaration declares.
pub fn name(declaration: &str) -> Option<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(rest) = declaration.strip_prefix("#define ") {
        return rest.split(|c| !is_name(c)).next();
    }
    if declaration.starts_with("typedef ") {
        let callback = declaration.split_once("(*").and_then(|(_, rest)| rest.split(')').next());
        let last = declaration.trim_end().trim_end_matches(';').rsplit(|c| !is_name(c)).next();
        return callback.or(last);
    }
    let (before, _) = declaration.split_once('(')?;
    let name = before.rsplit(|c| !is_name(c)).next();
    name.filter(|name| name.starts_with("egret_ws_") && !declaration.starts_with(['#', '/', ' ']))
}

fn group_of(name: &str) -> usize {
    let fits = |pattern: &&str| match pattern.split_once('*') {
        Some((begin, end)) => name.starts_with(begin) && name.ends_with(end),
        None => name == *pattern,
    };
    let row = MEMBERS.iter().find(|(_, members)| members.iter().any(&fits));
    let (group, _) = row.unwrap_or_else(|| panic!("{name} has no group: add it to MEMBERS of {}", file!()));
    GROUPS.iter().position(|(id, ..)| id == group).expect("a group")
}

/// The header with its declarations in groups. Macros come first, then types, then functions.
pub fn arrange(header: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut defined = [false; GROUPS.len()];
    let mut run: Vec<Item<'_>> = Vec::new();
    let mut kind = None;
    for text in header.trim_end().split("\n\n").map(|text| text.trim_matches('\n')) {
        let declaration = declaration(text);
        let is_guard = declaration.starts_with("#define EGRET_WS_H\n") || declaration == "#define EGRET_WS_H";
        let name = name(declaration).filter(|_| !is_guard);
        // The head of the file, and lines of the preprocessor.
        let Some(name) = name.filter(|_| !declaration.starts_with("#if") && !declaration.starts_with("#e")) else {
            finish(&mut out, &mut run, &mut defined);
            out.push(text.to_owned());
            continue;
        };
        let its_kind = declaration.split(' ').next().filter(|word| ["#define", "typedef"].contains(word));
        if kind != its_kind {
            finish(&mut out, &mut run, &mut defined);
            kind = its_kind;
        }
        run.push(Item { text, name, group: group_of(name) });
    }
    finish(&mut out, &mut run, &mut defined);
    out.join("\n\n") + "\n"
}

/// Writes declarations of one kind, sorted by their groups.
fn finish(out: &mut Vec<String>, run: &mut Vec<Item<'_>>, defined: &mut [bool]) {
    let mut open = None;
    while !run.is_empty() {
        // A type that uses another one comes after it.
        let is_word = |text: &str, name: &str| {
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
        };
        let ready = |item: &Item<'_>| {
            let uses = |other: &Item<'_>| other.name != item.name && is_word(&code(item.text), other.name);
            !declaration(item.text).starts_with("typedef") || !run.iter().any(uses)
        };
        let ready: Vec<usize> = (0..run.len()).filter(|at| ready(&run[*at])).collect();
        let same = ready.iter().find(|at| Some(run[**at].group) == open);
        let next =
            *same.or_else(|| ready.iter().min_by_key(|at| run[**at].group)).expect("types do not use each other");
        let item = run.remove(next);
        if open != Some(item.group) {
            if open.is_some() {
                out.push("/** @} */".to_owned());
            }
            let (id, title, brief) = GROUPS[item.group];
            out.push(match std::mem::replace(&mut defined[item.group], true) {
                false => format!("/**\n * @defgroup {id} {title}\n * {brief}\n * @{{\n */"),
                true => format!("/**\n * @addtogroup {id}\n * @{{\n */"),
            });
            open = Some(item.group);
        }
        out.push(item.text.to_owned());
    }
    if open.is_some() {
        out.push("/** @} */".to_owned());
    }
}
