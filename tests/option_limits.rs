//! Limits of a socket's options. Each text and list is accepted up to its limit. If it is longer by one, it is refused with a log
//! line that names the option. A pointer and its length must be set together. The tests compare their tables with the header, so
//! that every new option needs a limit and a test.
#![allow(unsafe_code)] // the C ABI is called as a host would

use ::egret_ws::input_limits as limits;
use ::egret_ws::*;
use std::ffi::{CString, c_char};
use std::fmt::Write;
use std::ptr;
use test_support::client::{Driver, Loop};

#[global_allocator]
static ALLOCATOR: test_allocator::TestAllocator = test_allocator::TestAllocator;

const HEADER: &str = include_str!("../include/egret_ws.h");

/// Returns a comment in one line.
fn words(text: &str) -> String {
    text.split_whitespace().filter(|word| !["*", "**"].contains(word)).collect::<Vec<_>>().join(" ")
}

/// Returns the fields of `egret_ws_options` in the header: the declaration with type and name, and the comment in one line.
fn fields() -> Vec<(String, String)> {
    let (_, rest) = HEADER.split_once("typedef struct egret_ws_options {").expect("the struct is there");
    let (body, _) = rest.split_once("} egret_ws_options;").expect("it ends");
    let parts = body.split("/*").skip(1).map(|part| part.split_once("*/").expect("the comment ends"));
    parts.map(|(comment, field)| (field.trim().trim_end_matches(';').to_owned(), words(comment))).collect()
}

/// Returns the names of the fields whose declaration this function accepts.
fn names(of: impl Fn(&str) -> bool) -> Vec<String> {
    let name = |field: &str| field.rsplit([' ', '*']).next().expect("a name").to_owned();
    fields().iter().filter(|(field, _)| of(field)).map(|(field, _)| name(field)).collect()
}

/// Returns the pointers that the library reads: all except `user` and the callbacks.
fn pointers() -> Vec<String> {
    // A struct with more options contains only numbers.
    names(|field| field.contains('*') && !field.starts_with("void *") && !field.contains("_options *"))
}

fn doc(name: &str) -> String {
    let fields = fields();
    let field = fields.iter().find(|(field, _)| field.rsplit([' ', '*']).next() == Some(name));
    field.unwrap_or_else(|| panic!("the header has no {name}")).1.clone()
}

/// A value of an option, and the data to which it points.
struct Value {
    texts: Vec<CString>,
    headers: Vec<egret_ws_header>,
}

impl Value {
    fn text(text: impl Into<Vec<u8>>) -> Value {
        Value { texts: vec![CString::new(text).expect("no NUL in it")], headers: Vec::new() }
    }

    fn headers(headers: impl Iterator<Item = (String, String)>) -> Value {
        let mut value = Value { texts: Vec::new(), headers: Vec::new() };
        for (name, text) in headers {
            let [name, text] = [name, text].map(|text| CString::new(text).expect("no NUL in it"));
            value.headers.push(egret_ws_header { name: name.as_ptr(), value: text.as_ptr() });
            value.texts.extend([name, text]);
        }
        value
    }

    fn pointer(&self) -> *const c_char {
        self.texts[0].as_ptr()
    }

    fn len(&self) -> usize {
        self.texts[0].count_bytes()
    }
}

/// An option with a limit.
struct Limited {
    field: &'static str,
    /// The limit, as it is in the header and in the log line.
    limit: usize,
    /// Makes a value of this length.
    make: fn(usize) -> Value,
    set: fn(&mut egret_ws_options, &Value),
}

fn letters(count: usize) -> Value {
    Value::text("x".repeat(count))
}

/// Returns this many different subprotocols. `width` is the length of each in bytes.
fn subprotocols(count: usize, width: usize) -> String {
    (0..count).map(|number| format!("{number:0width$}")).collect::<Vec<_>>().join(",")
}

fn pins(count: usize) -> String {
    vec!["sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; count].join(",")
}

fn addresses(count: usize) -> String {
    vec!["192.0.2.1:443"; count].join(",")
}

/// Returns a text that is padded to a length with spaces, which lists ignore.
fn filled(text: &str, length: usize) -> Value {
    Value::text(format!("{text}{}", " ".repeat(length - text.len())))
}

fn proxy(length: usize) -> Value {
    let (begin, end) = ("http://u:", "@127.0.0.1:9");
    Value::text(format!("{begin}{}{end}", "p".repeat(length - begin.len() - end.len())))
}

/// Returns an IP address with this length: the longest one, or one with half of that length. A larger length makes a text that is
/// too long.
fn ip_address(length: usize) -> Value {
    let zeros = if length < limits::IP_ADDRESS { "::" } else { "0000:0000:0000:0000:0000:" };
    let address = format!("{zeros}ffff:192.168.100.228");
    Value::text(address.clone() + &"0".repeat(length - address.len()))
}

/// Returns a name of labels that DNS could have.
fn server_name(length: usize) -> Value {
    let mut name = String::new();
    while name.len() < length {
        name.push(if name.len() % 50 == 49 && name.len() + 1 < length { '.' } else { 'x' });
    }
    Value::text(name)
}

fn header_bytes(bytes: usize) -> Value {
    let (name, parts) = ("X-Part".to_owned(), 16);
    let each = bytes / parts - name.len();
    let last = bytes - (parts - 1) * (each + name.len()) - name.len();
    Value::headers((0..parts).map(|part| (name.clone(), "x".repeat(if part == 0 { last } else { each }))))
}

fn set_headers(options: &mut egret_ws_options, value: &Value) {
    test_support::client::set_headers(options, &value.headers);
}

fn limited() -> Vec<Limited> {
    macro_rules! row {
        ($field:ident, $limit:expr, $make:expr) => {
            row!($field, $limit, $make, |options, value| options.$field = value.pointer().cast())
        };
        ($field:ident, $limit:expr, $make:expr, $set:expr) => {
            Limited { field: stringify!($field), limit: $limit, make: $make, set: $set }
        };
    }
    vec![
        row!(subprotocols, limits::SUBPROTOCOLS, |count| Value::text(subprotocols(count, 60))),
        row!(subprotocols, limits::TEXT, |length| filled(&subprotocols(limits::SUBPROTOCOLS, 60), length)),
        row!(
            headers,
            limits::HEADERS,
            |count| Value::headers((0..count).map(|number| (format!("X-{number}"), "value".into()))),
            set_headers
        ),
        row!(headers, limits::HEADER_BYTES, header_bytes, set_headers),
        row!(origin, limits::TEXT, letters),
        row!(user_agent, limits::TEXT, letters),
        row!(username, limits::TEXT, letters),
        row!(password, limits::TEXT, letters, |options, value| {
            (options.username, options.password) = (c"user".as_ptr(), value.pointer());
        }),
        row!(proxy, limits::TEXT, proxy),
        row!(addresses, limits::ADDRESSES, |count| Value::text(addresses(count))),
        row!(addresses, limits::TEXT, |length| filled(&addresses(limits::ADDRESSES), length)),
        row!(tls_roots, limits::TLS_BYTES, letters, |options, value| {
            (options.tls_roots, options.tls_roots_len) = (value.pointer(), value.len());
        }),
        row!(tls_roots, limits::TLS_BYTES, letters, |options, value| {
            (options.tls_roots, options.tls_roots_len) = (value.pointer(), EGRET_WS_NUL_TERMINATED);
        }),
        row!(tls_pins, limits::PINS, |count| Value::text(pins(count))),
        row!(tls_pins, limits::TEXT, |length| filled(&pins(limits::PINS), length)),
        row!(tls_identity, limits::TLS_BYTES, letters, |options, value| {
            (options.tls_identity, options.tls_identity_len) = (value.pointer().cast(), value.len());
        }),
        row!(tls_identity_password, limits::TEXT, letters),
        row!(tls_server_name, limits::SERVER_NAME, server_name),
        row!(local_address, limits::IP_ADDRESS, ip_address),
        row!(local_interface, limits::INTERFACE, letters),
    ]
}

/// Returns whether the library was built without the feature of this option.
fn is_left_out(field: &str) -> bool {
    field == "proxy" && !cfg!(feature = "proxies")
}

#[test]
fn options_are_accepted_up_to_their_limit() {
    let host = Loop::new(Driver::Threaded);
    for Limited { field, limit, make, set } in limited() {
        if is_left_out(field) {
            continue;
        }
        let (longest, longer) = (make(limit), make(limit + 1));
        let taken = host.open_host("127.0.0.1", 9, |options| set(options, &longest));
        assert!(taken.is_ok(), "{field} of {limit}: {:?}", host.take_log());
        drop(taken);
        host.take_log();
        let refused = host.open_host("127.0.0.1", 9, |options| set(options, &longer));
        assert_eq!(refused.err(), Some(EGRET_WS_ERR_INVALID_ARGUMENT), "{field} of {limit} and one more");
        let log = host.take_log();
        let names_the_option =
            log.iter().any(|line| line.contains(field) || line.contains(&field.replace("headers", "header_count")));
        assert!(
            names_the_option && log.iter().any(|line| line.contains(&limit.to_string())),
            "{field}, {limit}: {log:?}"
        );
    }
}

/// The work of the connect call is linear in its options: twice the length needs at most twice the allocations and bytes.
#[test]
fn work_of_a_connect_call_is_linear() {
    let host = Loop::new(Driver::Threaded);
    let count = |set: &dyn Fn(&mut egret_ws_options)| {
        let mut work = (0, 0);
        let taken = host.open_host("127.0.0.1", 9, |options| {
            set(options);
            // Each measurement has its own socket without callbacks.
            let options =
                egret_ws_options { on_connect: None, on_message: None, on_close: None, release_user: None, ..*options };
            let mut ws = ptr::null_mut();
            // SAFETY: the options are complete, the URL ends in a NUL, and `ws` is writable.
            work = test_allocator::count_allocations(|| unsafe {
                assert_eq!(
                    egret_ws_connect(host.handle(), c"ws://127.0.0.1:9/".as_ptr(), &options, &mut ws),
                    EGRET_WS_OK
                );
            });
            assert_eq!(egret_ws_free(ws), EGRET_WS_OK);
        });
        assert!(taken.is_ok());
        work
    };
    let nothing = count(&|_| {});
    for Limited { field, limit, make, set } in limited().into_iter().filter(|row| !is_left_out(row.field)) {
        // These lists are limited by their number of entries.
        let is_count = [limits::SUBPROTOCOLS, limits::HEADERS, limits::PINS, limits::ADDRESSES].contains(&limit);
        if !is_count && ["subprotocols", "tls_pins", "addresses"].contains(&field) {
            continue; // this list is filled with spaces
        }
        let (half, whole) = (make(limit / 2), make(limit));
        let (half, whole) = (count(&|options| set(options, &half)), count(&|options| set(options, &whole)));
        let more = |work: (usize, usize)| (work.0.saturating_sub(nothing.0), work.1.saturating_sub(nothing.1));
        let (half, whole) = (more(half), more(whole));
        // Memory that grows by doubling may double once more. This includes the memory of the loop and its queues.
        let within = whole.0 <= 2 * half.0 + 16 && whole.1 <= 2 * half.1 + half.1 / 2 + 16 * 1024;
        assert!(within, "{field} of {limit}: {half:?} allocations and bytes for half of it, {whole:?} for all");
    }
}

#[test]
fn every_option_that_points_to_something_has_a_limit_in_the_header() {
    let rows = limited();
    for name in pointers() {
        assert!(rows.iter().any(|row| row.field == name), "{name} has no limit here");
    }
    for Limited { field, limit, .. } in rows {
        let comment = doc(field);
        assert!(comment.contains(&format!("at most {limit}")), "{field}: {limit} is not in {comment:?}");
    }
    assert!(words(HEADER).contains(&format!("`no_proxy` of more than {} bytes", limits::NO_PROXY)));
    assert!(doc("max_redirects").contains(&format!("at most {}", limits::REDIRECTS)));
}

#[test]
fn urls_and_hosts_are_accepted_up_to_their_limit() {
    let host = Loop::new(Driver::Threaded);
    let url = |length: usize| format!("ws://127.0.0.1:9/{}", "x".repeat(length - 17));
    assert!(host.try_connect_url(url(limits::URL)).is_ok());
    host.take_log();
    let hosts = "x".repeat(limits::URL + 1);
    for call in [
        &|| host.try_connect_url(url(limits::URL + 1)).err(),
        &|| host.try_connect(&hosts, 9).err(),
        // The length is checked first.
        &|| host.try_connect_url(vec![0xff; limits::URL + 1]).err(),
    ] as [&dyn Fn() -> Option<i32>; 3]
    {
        assert_eq!(call(), Some(EGRET_WS_ERR_INVALID_URL));
        let log = host.take_log();
        assert!(log.iter().any(|line| line.contains(&format!("longer than {} bytes", limits::URL))), "{log:?}");
    }
    for (length, expected) in [(limits::URL, limits::URL as i32), (limits::URL + 1, EGRET_WS_ERR_INVALID_URL)] {
        let url = CString::new(url(length)).expect("no NUL in it");
        // SAFETY: the URL ends in a NUL. Without room, nothing is written.
        assert_eq!(unsafe { egret_ws_normalize_url(url.as_ptr(), ptr::null_mut(), 0) }, expected);
    }
    assert_eq!(
        words(HEADER).matches(&format!("{} bytes", limits::URL)).count(),
        3,
        "connect, connect_url, normalize_url"
    );
}

#[test]
fn repeated_subprotocols_are_found_at_any_position() {
    let host = Loop::new(Driver::Threaded);
    let names: Vec<String> = subprotocols(limits::SUBPROTOCOLS, 8).split(',').map(str::to_owned).collect();
    for (first, second) in
        [(0, 1), (0, limits::SUBPROTOCOLS - 1), (60, 61), (limits::SUBPROTOCOLS - 2, limits::SUBPROTOCOLS - 1)]
    {
        let mut names = names.clone();
        names[second] = names[first].clone();
        let list = CString::new(names.join(",")).expect("no NUL in it");
        let refused = host.open_host("127.0.0.1", 9, |options| options.subprotocols = list.as_ptr());
        assert_eq!(refused.err(), Some(EGRET_WS_ERR_INVALID_ARGUMENT));
        assert!(host.take_log()[0].contains("twice"));
    }
}

/// Sets a pointer and its length. The pointer is NULL, or points to data that would be accepted with a length of 1.
type SetPair = fn(&mut egret_ws_options, is_null: bool, len: usize);

fn one_header() -> *const egret_ws_header {
    Box::leak(Box::new(test_support::client::header(c"X", c"y")))
}

fn pairs() -> Vec<(&'static str, &'static str, SetPair)> {
    vec![
        ("headers", "header_count", |options, is_null, len| {
            (options.headers, options.header_count) = (if is_null { ptr::null() } else { one_header() }, len as u32);
        }),
        ("tls_roots", "tls_roots_len", |options, is_null, len| {
            (options.tls_roots, options.tls_roots_len) = (if is_null { ptr::null() } else { c"x".as_ptr() }, len);
        }),
        ("tls_identity", "tls_identity_len", |options, is_null, len| {
            (options.tls_identity, options.tls_identity_len) =
                (if is_null { ptr::null() } else { c"x".as_ptr().cast() }, len);
        }),
    ]
}

#[test]
fn pointers_and_lengths_must_be_set_together() {
    let counted = names(|field| field.ends_with("_len") || field.ends_with("_count"));
    assert_eq!(counted, pairs().iter().map(|(_, count, _)| *count).collect::<Vec<_>>(), "the pairs of the header");
    let host = Loop::new(Driver::Threaded);
    for (pointer, count, set) in pairs() {
        // An array may be empty, like that of a C++ vector. For bytes, a length of 0 means that the program forgot to set it.
        let set_and_zero = if count.ends_with("_count") { None } else { Some(EGRET_WS_ERR_INVALID_ARGUMENT) };
        for (is_null, len, expected) in [
            (true, 0, None),
            (false, 1, None),
            (false, 0, set_and_zero),
            (true, 1, Some(EGRET_WS_ERR_INVALID_ARGUMENT)),
            (true, usize::MAX - 1, Some(EGRET_WS_ERR_INVALID_ARGUMENT)),
            (true, EGRET_WS_NUL_TERMINATED, Some(EGRET_WS_ERR_INVALID_ARGUMENT)),
            (false, usize::MAX - 1, Some(EGRET_WS_ERR_INVALID_ARGUMENT)),
        ] {
            let outcome = host.open_host("127.0.0.1", 9, |options| set(options, is_null, len)).err();
            let log = host.take_log();
            let mut case = format!("{pointer}, NULL: {is_null}, {count} = {len}");
            write!(case, ": {log:?}").expect("a text grows");
            assert_eq!(outcome, expected, "{case}");
            let names_it =
                log.iter().any(|line| line.contains("refused") && (line.contains(pointer) || line.contains(count)));
            assert_eq!(names_it, expected.is_some(), "{case}");
        }
    }
}
