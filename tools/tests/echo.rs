//! Tests each function of `egret-ws-echo` by the library.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)] // reads structs of the C ABI

mod programs;

use ::egret_ws::*;
use programs::{ECHO, Echo, assert_command_line, output, text};
use std::ffi::CString;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use test_support::client::{Driver, Loop, Socket, header, set_headers};
use test_support::close_report::CloseReport;
use test_support::paths;
use test_support::recorder::Event;

/// One server serves all tests of paths.
static SERVER: LazyLock<Echo> = LazyLock::new(|| Echo::start(&[]));

/// Returns the report of a connection that fails while it is opened, and the headers of the answer.
fn refusal(url: &str, set: impl FnOnce(&mut egret_ws_options)) -> (CloseReport, String) {
    let host = Loop::new(Driver::Inline);
    let socket = host.open_url(url, set).expect("the connect call succeeds");
    let report = socket.wait_closed();
    (report, socket.response_headers())
}

/// Returns the events of a connection that sends `count` messages and is then ended by the server.
fn ended(url: &str, count: usize) -> (Vec<Event>, CloseReport) {
    let host = Loop::new(Driver::Inline);
    let socket = host.try_connect_url(url).expect("the connect call succeeds");
    socket.wait_open();
    for number in 0..count {
        assert_eq!(socket.send_text(format!("{number}")), EGRET_WS_OK);
    }
    let report = socket.wait_closed();
    (socket.messages(), report)
}

#[test]
fn it_echoes() {
    let host = Loop::new(Driver::Inline);
    for path in ["/", "/chat?room=1"] {
        let socket = host.try_connect_url(SERVER.url(path)).expect("the connect call succeeds");
        socket.wait_open();
        assert_eq!((socket.send_text("text"), socket.send_binary(b"\0")), (EGRET_WS_OK, EGRET_WS_OK));
        assert_eq!(socket.wait_messages(2), [Event::Text("text".into()), Event::Binary(vec![0])]);
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
    }
}

#[test]
fn it_refuses() {
    for status in [200, 204, 403, 503] {
        let (report, headers) = refusal(&SERVER.url(&format!("/refuse/{status}")), |_| {});
        report.expect(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_PEER);
        assert_eq!(report.http_status, status);
        assert_eq!(headers.contains("Content-Length: "), status != 204, "{headers}");
    }
    let options = ["--status", "429", "--body", "slowly, please", "--header", "Retry-After: 7", "--header", "A:b"];
    let server = Echo::start(&options);
    let (report, headers) = refusal(&server.url, |_| {});
    assert_eq!(report.http_status, 429);
    for header in ["Retry-After: 7", "A: b", "Content-Length: 14"] {
        assert!(headers.contains(header), "{headers}");
    }
    // The body is checked in the bytes on the wire.
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("a connection");
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the whole answer");
    assert!(
        answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n") && answer.ends_with("\r\n\r\nslowly, please"),
        "{answer}"
    );
}

#[test]
fn it_redirects() {
    let location = format!("Location: {}", SERVER.url("/chat"));
    let server = Echo::start(&["--status", "302", "--header", &location]);
    let host = Loop::new(Driver::Inline);
    let socket = host.open_url(&server.url, |options| options.max_redirects = 1).expect("the connect call succeeds");
    socket.wait_open();
    assert_eq!(socket.stats().redirects, 1);
}

#[test]
fn it_stalls_and_hangs_up() {
    let server = Echo::start(&["--stall"]);
    for url in [&SERVER.url("/stall"), &server.url] {
        let (report, _) = refusal(url, |options| options.handshake_timeout_ms = 100);
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_TRANSPORT);
    }
    let server = Echo::start(&["--hangup"]);
    for url in [&SERVER.url("/hangup"), &server.url] {
        let (report, _) = refusal(url, |_| {});
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_TRANSPORT);
    }
}

#[test]
fn it_delays() {
    let server = Echo::start(&["--delay", "150"]);
    for url in [&SERVER.url("/delay/150"), &server.url] {
        let host = Loop::new(Driver::Inline);
        let socket = host.try_connect_url(url).expect("the connect call succeeds");
        socket.wait_open();
        assert!(socket.stats().handshake_us >= 150_000, "{}", socket.stats().handshake_us);
        let begin = Instant::now();
        assert_eq!(socket.send_text("slow"), EGRET_WS_OK);
        socket.wait_messages(1);
        assert!(begin.elapsed() >= Duration::from_millis(150));
    }
}

#[test]
fn it_drops_connections() {
    let server = Echo::start(&["--drop-after", "3"]);
    for url in [&SERVER.url("/drop/3"), &server.url] {
        let (messages, report) = ended(url, 3);
        assert_eq!(messages.len(), 3);
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
    }
    let (messages, report) = ended(&SERVER.url("/drop/0"), 0);
    assert_eq!((messages.len(), report.error), (0, EGRET_WS_ERR_CONNECTION_LOST));
}

#[test]
fn it_closes() {
    let server = Echo::start(&["--close-after", "1", "4001"]);
    for url in [&SERVER.url("/close/4001/1"), &server.url] {
        let (messages, report) = ended(url, 1);
        report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_PEER);
        assert_eq!((messages.len(), report.code, &*report.reason), (1, 4001, "as egret-ws-echo was asked to"));
    }
}

#[test]
fn it_breaks_the_protocol() {
    let server = Echo::start(&["--violate-after", "1"]);
    for url in [&SERVER.url("/violate/1"), &server.url] {
        let (messages, report) = ended(url, 1);
        report.expect(EGRET_WS_ERR_PROTOCOL, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!(messages.len(), 1);
    }
}

#[test]
fn it_freezes() {
    let server = Echo::start(&["--freeze-after", "1"]);
    for url in [&SERVER.url("/freeze/1"), &server.url] {
        let host = Loop::new(Driver::Inline);
        let set = |options: &mut egret_ws_options| (options.ping_interval_ms, options.pong_timeout_ms) = (50, 50);
        let socket = host.open_url(url, set).expect("the connect call succeeds");
        socket.wait_open();
        assert_eq!(socket.send_text("last"), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(socket.count_messages(), 1);
    }
}

#[test]
fn it_sends_bursts() {
    let server = Echo::start(&["--burst", "100", "1024"]);
    for url in [&SERVER.url("/burst/100/1024"), &server.url] {
        let host = Loop::new(Driver::Inline);
        let socket = host.try_connect_url(url).expect("the connect call succeeds");
        let messages = socket.wait_messages(100);
        assert!(messages.iter().all(|message| *message == Event::Binary(vec![b'b'; 1024])));
        // After that, the server echoes.
        assert_eq!(socket.send_text("end"), EGRET_WS_OK);
        assert_eq!(socket.wait_messages(101)[100], Event::Text("end".into()));
    }
    let (_, report) = ended(&SERVER.url("/burst/1/131073"), 0);
    assert_eq!(report.error, EGRET_WS_ERR_MESSAGE_TOO_BIG);
}

/// Each member gets the messages of the other members. All members get them in an equal order.
fn assert_room<'a>(open: impl Fn(&str) -> Socket<'a>) {
    let [ada, ben, cleo, dora, other] = ["/room/a", "/room/a", "/room/a", "/room/a", "/room/b"].map(open);
    [&ada, &ben, &cleo, &dora, &other].iter().for_each(|socket| socket.wait_open());
    for number in 0..100 {
        let speaker = [&ada, &ben][number % 2];
        assert_eq!(speaker.send_text(number.to_string()), EGRET_WS_OK);
    }
    assert_eq!(cleo.send_binary(b"end"), EGRET_WS_OK);
    let heard = |events: Vec<Event>| -> Vec<usize> {
        let numbers = events.iter().filter_map(|event| match event {
            Event::Text(text) => Some(text.parse().expect("a number")),
            _ => None,
        });
        numbers.collect()
    };
    let all = heard(cleo.wait_messages(100));
    assert_eq!(all, heard(dora.wait_messages(101)));
    let (even, odd): (Vec<usize>, Vec<usize>) = all.iter().partition(|number| *number % 2 == 0);
    assert_eq!(odd, heard(ada.wait_messages(51)));
    assert_eq!(even, heard(ben.wait_messages(51)));
    assert!(even.is_sorted() && odd.is_sorted() && all.len() == 100, "{all:?}");
    // A member that has left gets nothing more; the others do.
    assert_eq!(ben.close(1000, ""), EGRET_WS_OK);
    assert_eq!(ben.wait_closed().error, EGRET_WS_OK);
    assert_eq!(ada.send_text("200"), EGRET_WS_OK);
    assert_eq!(cleo.wait_messages(101)[100], Event::Text("200".into()));
    assert_eq!(other.count_messages(), 0);
}

#[test]
fn members_of_a_room_hear_each_other() {
    let host = Loop::new(Driver::Inline);
    assert_room(|path| host.try_connect_url(SERVER.url(path)).expect("the connect call succeeds"));
}

#[test]
fn rooms_work_with_tls() {
    let server = Echo::start(&["--tls"]);
    let roots = std::fs::read(&server.ca_file).expect("the certificate");
    let set = |options: &mut egret_ws_options| {
        (options.tls_roots, options.tls_roots_len) = (roots.as_ptr().cast(), roots.len());
    };
    let host = Loop::new(Driver::Inline);
    assert_room(|path| host.open_url(server.url(path), set).expect("the connect call succeeds"));
}

#[test]
fn a_room_is_refused_when_it_is_full_and_may_fail_on_request() {
    let server = Echo::start(&[]);
    let host = Loop::new(Driver::Inline);
    let open = |path: &str| host.try_connect_url(server.url(path)).expect("the connect call succeeds");
    let members: Vec<_> = (0..64).map(|_| open("/room/full")).collect();
    members.iter().for_each(|member| member.wait_open());
    let (report, _) = refusal(&server.url("/room/full"), |_| {});
    assert_eq!(report.http_status, 503);
    let (report, _) = refusal(&server.url("/room"), |_| {});
    assert_eq!(report.http_status, 400);
    // The first two messages go to the others; then the connection is dropped.
    let speaker = open("/room/fails/drop/2");
    let listener = open("/room/fails");
    [&speaker, &listener].iter().for_each(|socket| socket.wait_open());
    for text in ["0", "1", "2"] {
        assert_eq!(speaker.send_text(text), EGRET_WS_OK);
    }
    assert_eq!(speaker.wait_closed().error, EGRET_WS_ERR_CONNECTION_LOST);
    assert_eq!(listener.wait_messages(2), [Event::Text("0".into()), Event::Text("1".into())]);
}

#[test]
fn it_requires_headers() {
    let server = Echo::start(&["--require-header", "X-Token: secret"]);
    let (report, _) = refusal(&server.url, |_| {});
    assert_eq!(report.http_status, 401);
    let wrong = [header(c"X-Token", c"other")];
    let (report, _) = refusal(&server.url, |options| set_headers(options, &wrong));
    assert_eq!(report.http_status, 401);
    let host = Loop::new(Driver::Inline);
    let right = [header(c"x-token", c"secret")];
    host.open_url(&server.url, |options| set_headers(options, &right)).expect("the connect call succeeds").wait_open();
}

#[test]
fn it_chooses_a_subprotocol() {
    let server = Echo::start(&["--subprotocol", "chat", "--subprotocol", "game"]);
    let host = Loop::new(Driver::Inline);
    for (offer, chosen) in [(c"game, chat", "game"), (c"x, chat", "chat")] {
        let socket = host.open_url(&server.url, |options| options.subprotocols = offer.as_ptr()).expect("it connects");
        socket.wait_open();
        assert_eq!(socket.subprotocol(), chosen);
    }
    let (report, _) = refusal(&server.url, |options| options.subprotocols = c"x".as_ptr());
    assert_eq!(report.error, EGRET_WS_ERR_HANDSHAKE);
}

#[test]
fn it_makes_certificates() {
    for (kind, host, error) in [
        ("good", "localhost", EGRET_WS_OK),
        ("good", "127.0.0.1", EGRET_WS_OK),
        ("good", "[::1]", EGRET_WS_OK),
        ("good", "game.example", EGRET_WS_OK),
        ("self-signed", "localhost", EGRET_WS_OK),
        ("expired", "localhost", EGRET_WS_ERR_TLS_EXPIRED),
        ("wrong-host", "localhost", EGRET_WS_ERR_TLS_HOST),
    ] {
        let server = Echo::start(&["--tls", "--certificate", kind, "--name", "game.example"]);
        let roots = std::fs::read(&server.ca_file).expect("the certificate");
        let name = CString::new(host.trim_matches(['[', ']'])).expect("no NUL");
        let set = |options: &mut egret_ws_options| {
            (options.tls_roots, options.tls_roots_len) = (roots.as_ptr().cast(), roots.len());
            options.tls_server_name = name.as_ptr();
        };
        let client = Loop::new(Driver::Inline);
        let socket = client.open_url(server.url("/"), set).expect("the connect call succeeds");
        if error == EGRET_WS_OK {
            socket.wait_open();
        } else {
            assert_eq!(socket.wait_closed().error, error, "{kind} {host}");
        }
    }
    let server = Echo::start(&["--tls"]);
    let (report, _) = refusal(&server.url, |_| {});
    assert_eq!(report.error, EGRET_WS_ERR_TLS_ISSUER);
    let (report, _) = refusal(&server.url.replace("wss", "ws"), |_| {});
    assert_eq!(report.phase, EGRET_WS_PHASE_HANDSHAKE, "{report:?}");
}

#[test]
fn a_key_file_keeps_the_authority_and_the_key() {
    let file = paths::scratch().join(format!("echo-keys-{}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let path = file.to_str().expect("UTF-8");
    let start = |more: &[&str]| Echo::start(&[&["--tls", "--key-file", path], more].concat());
    let first = start(&[]);
    let mode = std::fs::metadata(&file).expect("the key file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    let text = std::fs::read_to_string(&file).expect("the key file");
    let roots = std::fs::read(&first.ca_file).expect("the certificate");
    // The message names the pin of the server.
    let odd = CString::new(format!("sha256/{}=", "A".repeat(43))).expect("no NUL");
    let (report, _) = refusal(&first.url, |options| {
        (options.tls_roots, options.tls_roots_len) = (roots.as_ptr().cast(), roots.len());
        options.tls_pins = odd.as_ptr();
    });
    assert_eq!(report.error, EGRET_WS_ERR_TLS_PIN, "{report:?}");
    let pin = report.message.split([' ', ',']).find(|word| word.starts_with("sha256/")).expect("a pin");
    let pin = CString::new(pin).expect("no NUL");
    drop(first);
    // The names and the kind of the certificate may be others at each start.
    for (more, name, error) in [
        (&[][..], c"localhost", EGRET_WS_OK),
        (&["--name", "game.example"], c"game.example", EGRET_WS_OK),
        (&["--certificate", "expired"], c"localhost", EGRET_WS_ERR_TLS_EXPIRED),
        (&["--certificate", "wrong-host"], c"localhost", EGRET_WS_ERR_TLS_HOST),
    ] {
        let server = start(more);
        assert_eq!(std::fs::read(&server.ca_file).expect("the certificate"), roots);
        let client = Loop::new(Driver::Inline);
        let set = |options: &mut egret_ws_options| {
            (options.tls_roots, options.tls_roots_len) = (roots.as_ptr().cast(), roots.len());
            (options.tls_pins, options.tls_server_name) = (pin.as_ptr(), name.as_ptr());
        };
        let socket = client.open_url(server.url("/"), set).expect("the connect call succeeds");
        if error == EGRET_WS_OK {
            socket.wait_open();
        } else {
            assert_eq!(socket.wait_closed().error, error, "{more:?}");
        }
    }
    assert_eq!(std::fs::read_to_string(&file).expect("the key file"), text);
    std::fs::write(&file, &text[..text.len() / 2]).expect("a file");
    let cut = output(ECHO, &["--tls", "--key-file", path]);
    let said = programs::text(&cut.stderr);
    assert!(said.contains("not a key file of egret-ws-echo; choose another file") && said.contains(path), "{said}");
    assert_eq!(cut.status.code(), Some(1));
    std::fs::remove_file(&file).expect("the key file");
}

#[test]
fn a_bad_path_and_a_browser_get_an_explanation() {
    for (request, status, body) in [
        (
            "GET /delay/x HTTP/1.1\r\n\r\n",
            "400 Bad Request",
            "/delay: milliseconds: \"x\" is not a number from 0 to 60000\n",
        ),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "426 Upgrade Required", "a WebSocket server"),
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", SERVER.port)).expect("a connection");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the whole answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")) && answer.contains(body), "{answer}");
    }
}

#[test]
fn the_command_line_is_checked() {
    assert_command_line(
        ECHO,
        "egret-ws-echo",
        &[
            (&["--bogus"], "unknown option --bogus; --help lists the options"),
            (&["x"], "not a port: \"x\""),
            (&["65536"], "not a port: \"65536\""),
            (&["1", "2"], "one argument too many: \"2\""),
            (&["--status"], "--status needs a value"),
            (&["--status", "100"], "--status: \"100\" is not a number from 200 to 599"),
            (&["--header", "x"], "not a header"),
            (&["--listen", "here"], "not an IP address"),
            (&["--stall=1"], "--stall takes no value"),
            (&["--name", "x"], "need --tls"),
            (&["--key-file", "x"], "need --tls"),
            (&["--tls", "--key-file", "x", "--certificate", "self-signed"], "a self-signed certificate has none"),
        ],
    );
    for (arguments, complaint) in [
        (vec!["--tls", "--certificate", "odd"], "good, expired, wrong-host or self-signed, not \"odd\""),
        (vec!["--tls", "--ca-file", "/nowhere/ca.pem"], "/nowhere/ca.pem: No such file"),
        (vec!["--tls", "--key-file", "/nowhere/keys"], "/nowhere/keys"),
        (vec!["--tls", "--key-file", "/"], "/: Is a directory"),
        (vec!["--tls", "--key-file", ECHO], "not a key file of egret-ws-echo; choose another file"),
        (vec![&*SERVER.port.to_string()], "cannot listen on 127.0.0.1:"),
    ] {
        let output = output(ECHO, &arguments);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(complaint), "not {complaint:?}: {said}");
    }
}

#[test]
fn it_works_without_its_output_and_ends_with_its_input() {
    // The program's output is closed after its first line was read.
    let server = Echo::start(&[]);
    let host = Loop::new(Driver::Inline);
    host.try_connect_url(server.url("/")).expect("the connect call succeeds").wait_open();
    assert!(server.ends_with_its_input());
    assert_eq!(programs::status_with_closed_output(ECHO, &["--until-eof"]), Some(0));
    assert_eq!(programs::status_with_closed_output(ECHO, &["--help"]), Some(0));
    assert_eq!(programs::status_with_closed_output(ECHO, &["--bogus"]), Some(2));
}
