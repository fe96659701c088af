//! Tests the text, the exit codes and the JSON of `egret-ws-doctor`, for servers that work and servers that fail.
#![cfg(target_os = "linux")]

mod programs;

use programs::{DOCTOR, Echo, assert_command_line, output, text};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use test_support::certificates::{BROKEN_CHAIN, Certificate, ROOT, UNKNOWN_ISSUER};
use test_support::failing_servers::dead_url;

static SERVER: LazyLock<Echo> = LazyLock::new(|| Echo::start(&[]));

/// Checks the exit code, and that the output contains these texts. Returns the output.
#[track_caller]
fn doctor(arguments: &[&str], code: i32, texts: &[&str]) -> String {
    let output = output(DOCTOR, arguments);
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}:\n{said}");
    // Sentences are broken into lines, so the lines are joined.
    let joined = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in texts {
        assert!(joined.contains(text), "{arguments:?}: not {text:?}:\n{said}");
    }
    said
}

fn json(arguments: &[&str]) -> Value {
    let output = output(DOCTOR, &[&["--json"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
}

/// Returns the URL of a server that reads each request and answers it with these bytes.
fn answering(answer: impl Into<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("127.0.0.1:{}", listener.local_addr().expect("the port").port());
    let answer = answer.into();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let _ = stream.write_all(&answer);
        }
    });
    url
}

/// A server that answers the first frame of the client with these bytes. Without pings, that frame is a Close frame.
fn closing_with(frame: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("127.0.0.1:{}", listener.local_addr().expect("the port").port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut socket = tungstenite::accept(stream.expect("a connection")).expect("an upgrade");
            let stream = socket.get_mut();
            // This is a masked frame with a close code.
            stream.read_exact(&mut [0; 8]).expect("a frame");
            let _ = stream.write_all(frame);
            let _ = stream.read_to_end(&mut vec![]);
        }
    });
    url
}

#[test]
fn a_server_that_works_is_described() {
    let server = Echo::start(&["--subprotocol", "chat", "--header", "Server: test"]);
    let address = format!("127.0.0.1:{} connected", server.port);
    let host = format!("GET /play HTTP/1.1, Host: 127.0.0.1:{}", server.port);
    doctor(
        &["--subprotocol", "chat", "--header", "X-Token: secret", &server.url("/play")],
        0,
        &[
            &address,
            &host,
            "with X-Token",
            "Answer HTTP 101",
            "server: test",
            "subprotocol: chat",
            "5 of 5 pings answered",
            "Close by this side, sent code 1000, received code 1000",
            "OK The connection works.",
        ],
    );
    doctor(&[&server.url.replace("127.0.0.1", "localhost")], 0, &["Name localhost found"]);
    doctor(&["--pings", "0", &server.url], 0, &["subprotocol: none", "OK"]);
}

#[test]
fn each_kind_of_end_has_an_explanation_and_a_code() {
    let dead = dead_url();
    let url = |path: &str| SERVER.url(path);
    let cases = [
        (&["ws://no-such-host.invalid/"][..], 3, &["The name no-such-host.invalid was not found", "spelling"][..]),
        (&[dead], 4, &["no server listens", "EGRET_WS_ERR_CONNECT", "refused", "ss -ltn"]),
        (&[&url("/refuse/401")], 7, &["HTTP 401: it requires authentication", "Authorization"]),
        (&[&url("/refuse/403")], 7, &["HTTP 403: it does not accept this client", "--origin"]),
        (&[&url("/refuse/404")], 7, &["it has nothing at /refuse/404", "| 404 Not Found", "path"]),
        (&[&url("/refuse/200")], 7, &["it answered like a web page", "proxy_set_header Upgrade"]),
        (&[&url("/refuse/304")], 7, &["HTTP 304: an answer without an upgrade"]),
        (&[&url("/refuse/429")], 7, &["too many requests"]),
        (&[&url("/refuse/500")], 7, &["it has an internal error", "log of the server"]),
        (
            &[&url("/refuse/503")],
            7,
            &["it cannot serve now", "Body 24 bytes: | 503 Service Unavailable", "maintenance"],
        ),
        (&[&url("/refuse/302")], 7, &["a redirect (HTTP 302) without a Location header", "Look at the configuration"]),
        (
            &["--redirects", "1", &url("/refuse/302")],
            7,
            &["a redirect (HTTP 302) without a Location header", "EGRET_WS_ERR_REDIRECT"],
        ),
        (&["--timeout", "1", &url("/stall")], 7, &["did not answer the request within 1 s", "hangs"]),
        (&[&url("/hangup")], 7, &["ended the connection without an answer"]),
        (&[&url("/drop/0")], 8, &["lost without a Close frame", "proxy_read_timeout"]),
        (&[&url("/violate/0")], 8, &["violated the protocol", "reserved opcode", "--trace"]),
        (&[&url("/burst/1/131073")], 8, &["EGRET_WS_ERR_MESSAGE_TOO_BIG", "131072 bytes"]),
        (&["--timeout", "1", &url("/freeze/0")], 8, &["a ping was not answered within 1 s", "pong_timeout_ms"]),
        (
            &[&url("/close/1008/0")],
            8,
            &["with code 1008 (a violation of its policy)", "\"as egret-ws-echo was asked to\"", "--origin"],
        ),
        (&[&url("/close/4001/0")], 8, &["with code 4001 (a code of the application)"]),
        (&[&url("/close/1000/0")], 8, &["with code 1000 (normal)"]),
    ];
    let check = |arguments: &[&str], code: i32, texts: &[&str]| {
        let said = doctor(arguments, code, texts);
        assert!(said.contains("FAILED  "), "{said}");
        let object = json(arguments);
        assert_eq!((&object["exit_code"], &object["ok"]), (&code.into(), &false.into()), "{object}");
    };
    // They run in parallel, because they wait most of the time.
    thread::scope(|scope| {
        for (arguments, code, texts) in cases {
            scope.spawn(move || check(arguments, code, texts));
        }
    });
}

/// The connection works only if the close is clean: there is no violation of the protocol, and no code of an error.
#[test]
fn the_answer_to_a_close_is_judged() {
    let cases: [(&'static [u8], i32, &[&str]); 11] = [
        (b"\x88\x02\x03\xe8", 0, &["received code 1000", "OK The connection works."]),
        (b"\x88\x02\x03\xe9", 0, &["received code 1001", "OK The connection works."]),
        (b"\x88\x00", 0, &["received code 1005", "OK The connection works."]),
        (
            b"\x88\x06\x0f\xa1late",
            8,
            &["while this side closed, with code 4001 (a code of the application), with the reason \"late\".", "login"],
        ),
        (
            b"\x88\x02\x03\xf3",
            8,
            &["while this side closed, with code 1011 (it has an internal error), without a reason."],
        ),
        (b"\x88\x02\x0b\xb8", 8, &["with code 3000 (a code of a library or framework)"]),
        (b"\x83\x00", 8, &["The server violated the protocol", "EGRET_WS_ERR_PROTOCOL", "--trace"]),
        (b"\x88\x01\x00", 8, &["The server violated the protocol", "EGRET_WS_ERR_PROTOCOL", "--trace"]),
        (b"\x81\x01\xff", 8, &["text that is not UTF-8", "EGRET_WS_ERR_INVALID_UTF8", "--trace"]),
        (b"\x82\x7f\0\0\0\0\0\x02\0\x01", 8, &["a message that is too large", "131072 bytes"]),
        (b"", 9, &["did not answer the Close frame within 1 s", "ignores Close frames"]),
    ];
    // They run in parallel, because some of them wait.
    thread::scope(|scope| {
        for (frame, code, texts) in cases {
            scope.spawn(move || {
                let url = format!("ws://{}/", closing_with(frame));
                doctor(&["--pings", "0", "--timeout", "1", &url], code, texts);
            });
        }
    });
}

#[test]
fn what_is_slow_is_noted() {
    doctor(&["--pings", "0", &SERVER.url("/delay/1100")], 0, &["OK", "Note The upgrade took 1.1 s"]);
}

#[test]
fn a_redirect_names_its_target() {
    let location = format!("Location: {}", SERVER.url("/chat?token=1"));
    let server = Echo::start(&["--status", "302", "--header", &location]);
    doctor(&[&server.url], 7, &[&format!("redirects to {}", SERVER.url("/chat"))]);
    doctor(&["--redirects", "1", &server.url], 0, &["1 followed", "OK"]);
}

/// The library refuses the redirect, and no longer has the answer with the Location.
#[test]
fn a_redirect_into_a_private_network_is_explained() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let proxy = format!("http://127.0.0.1:{}", listener.local_addr().expect("the port").port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
            // The first answer is that of the proxy to CONNECT. The second one comes from the server behind it.
            for answer in ["200 OK", "302 Found\r\nLocation: http://127.0.0.1:9/"] {
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                let _ = write!(stream, "HTTP/1.1 {answer}\r\n\r\n");
            }
        }
    });
    doctor(
        &["--proxy", &proxy, "--redirects", "1", "ws://game.example/"],
        7,
        &["redirects to an address that is nearer than its own (HTTP 302)", "EGRET_WS_ERR_REDIRECT", "127.0.0.1"],
    );
}

#[test]
fn servers_of_other_kinds_are_recognised() {
    let http = answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    doctor(
        &["--timeout", "1", &format!("ws://{http}/")],
        7,
        &["does not come from a WebSocket server", "EGRET_WS_ERR_HANDSHAKE"],
    );
    let other = answering("220 mail.example ESMTP\r\n");
    doctor(&["--timeout", "1", &format!("ws://{other}/")], 7, &["does not come from a WebSocket server"]);
}

#[test]
fn a_wrong_scheme_is_recognised() {
    let secure = Echo::start(&["--tls"]);
    let url = secure.url.replace("wss", "ws");
    doctor(&[&url], 7, &[&format!("Port {} speaks TLS", secure.port), "Use wss://"]);
    let url = SERVER.url.replace("ws", "wss");
    doctor(&[&url], 6, &[&format!("Port {} speaks HTTP without TLS", SERVER.port), "Use ws://"]);
    let port = answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    doctor(&["--timeout", "1", &format!("ws://{port}/")], 7, &["HTTP 400: it says that the request is malformed"]);
}

#[test]
fn proxies_that_fail_are_explained() {
    for (answer, texts) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 8\r\n\r\nask Anna",
            &[
                "requires a user name and a password",
                "HTTP 407, of the proxy",
                "Proxy-Authenticate: Basic",
                "| ask Anna",
                "%40",
            ][..],
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", &["does not let this connection pass", "port 443"]),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", &["cannot reach the server (HTTP 502)"]),
        ("SSH-2.0-OpenSSH\r\n", &["Is it a proxy of this kind?"]),
    ] {
        let proxy = format!("http://user:hidden@{}/", answering(answer));
        let said = doctor(&["--proxy", &proxy, "ws://game.example/"], 5, texts);
        assert!(!said.contains("hidden"), "{said}");
    }
}

#[test]
fn an_unreachable_proxy_is_distinguished_from_an_unreachable_server() {
    let dead = dead_url().replace("ws://", "http://");
    doctor(
        &["--proxy", &dead, &SERVER.url],
        5,
        &["The proxy http://127.0.0.1:", "cannot be reached", "no server listens"],
    );
    let proxy = "http://user:hidden@no-such-host.invalid:3128";
    let said =
        doctor(&["--proxy", proxy, &SERVER.url], 5, &["no-such-host.invalid:3128 was not found", "URL of the proxy"]);
    assert!(!said.contains("hidden"), "{said}");
}

#[test]
fn tls_to_a_proxy_is_distinguished_from_tls_to_the_server() {
    let proxy = Echo::start(&["--tls"]);
    let url = proxy.url.replace("wss://", "https://");
    let texts = ["TLS to the proxy failed", "EGRET_WS_ERR_TLS_ISSUER in the phase PROXY", "Does the proxy use TLS?"];
    doctor(&["--proxy", &url, &SERVER.url], 5, &texts);
    let wrong = Echo::start(&["--tls", "--certificate", "wrong-host"]);
    let url = wrong.url.replace("wss://", "https://");
    let texts = [format!("for other.example, not for 127.0.0.1:{}", wrong.port)];
    doctor(&["--proxy", &url, "--roots", &wrong.ca_file, &SERVER.url], 5, &[&texts[0]]);
}

#[test]
fn both_ends_of_the_connection_can_be_chosen() {
    let url = SERVER.url.replace("127.0.0.1", "game.example");
    let addresses = ["--address", "127.0.0.3", "--address", "127.0.0.1", "--local-address", "127.0.0.2"];
    doctor(
        &[&addresses[..], &[&url]].concat(),
        0,
        &[
            "game.example was not looked up: addresses were given",
            &format!("127.0.0.3:{} Connection refused", SERVER.port),
            &format!("127.0.0.1:{} connected", SERVER.port),
            "from 127.0.0.2:",
            "Host: game.example:",
            "Some addresses did not work",
        ],
    );
}

#[test]
fn several_addresses_that_refuse_are_counted() {
    let url = dead_url().replace("127.0.0.1", "game.example");
    for (addresses, text) in [
        (&["127.0.0.1"][..], "no server listens: 127.0.0.1:"),
        (&["127.0.0.1", "127.0.0.2"], "both addresses of game.example:"),
        (&["127.0.0.1", "127.0.0.2", "127.0.0.3"], "none of the 3 addresses of game.example:"),
    ] {
        let mut arguments: Vec<_> = addresses.iter().flat_map(|address| ["--address", address]).collect();
        arguments.push(&url);
        let ending = if addresses.len() == 3 { " accepted the connection." } else { " refused the connection." };
        doctor(&arguments, 4, &[text, ending]);
    }
}

/// Starts a server with one of the shared certificates.
fn tls_server(certificate: &Certificate) -> String {
    let configuration = format!(
        "ssl_certificate {}; ssl_certificate_key {};",
        certificate.chain().display(),
        certificate.key().display()
    );
    let nginx = test_support::daemon::nginx("doctor", "ssl", &configuration, SERVER.port);
    let url = format!("wss://localhost:{}/", nginx.port());
    std::mem::forget(nginx); // nginx ends with this process
    url
}

#[test]
fn certificates_are_shown_and_their_errors_are_explained() {
    let own = |kind: &'static str| Echo::start(&["--tls", "--certificate", kind]);
    let (good, expired, wrong, alone) = (own("good"), own("expired"), own("wrong-host"), own("self-signed"));
    let works = doctor(
        &["--roots", &good.ca_file, &good.url],
        0,
        &[
            "TLS TLS 1.3, TLS_AES_256_GCM_SHA384, ALPN http/1.1",
            "1. CN=localhost issued by CN=egret-ws-echo test authority valid from",
            "days left)",
            "for localhost, 127.0.0.1, ::1",
            "pin sha256/",
            "2. CN=egret-ws-echo test authority issued by itself",
        ],
    );
    let pin = works.lines().find_map(|line| line.trim().strip_prefix("pin ")).expect("the pin");
    doctor(&["--roots", &good.ca_file, "--pin", pin, &good.url], 0, &["OK"]);
    let other = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    doctor(
        &["--roots", &good.ca_file, "--pin", other, &good.url],
        6,
        &["public key is not one of the pinned keys", &format!("It is {pin}.")],
    );

    doctor(&[&good.url], 6, &["its chain ends at the root CN=egret-ws-echo test authority", "--roots FILE", "2. CN="]);
    doctor(&[&alone.url], 6, &["CN=localhost is self-signed"]);
    doctor(&["--roots", &expired.ca_file, &expired.url], 6, &["CN=localhost expired 24 hours ago", "EXPIRED", "clock"]);
    doctor(&["--roots", &wrong.ca_file, &wrong.url], 6, &["it is for other.example, not for 127.0.0.1", "--address"]);
    doctor(&["--insecure", &expired.url], 0, &["the certificate was not checked", "has expired"]);

    let roots = ROOT.chain();
    let roots = roots.to_str().expect("UTF-8");
    let incomplete = tls_server(&BROKEN_CHAIN);
    doctor(
        &["--roots", roots, &incomplete],
        6,
        &["ends at CN=broken-chain. That was issued by CN=intermediate", "fullchain.pem"],
    );
    doctor(&["--roots", roots, &tls_server(&UNKNOWN_ISSUER)], 6, &["That was issued by CN=untrusted"]);
    let object = json(&[&incomplete]);
    assert_eq!(object["tls"]["certificates"][0]["subject"], "CN=broken-chain");
    assert_eq!(object["tls"]["certificates"][0]["hosts"], serde_json::json!(["localhost", "127.0.0.1", "::1"]));
}

#[test]
fn a_page_of_nginx_is_shown() {
    let page = "location = /closed { default_type text/plain; return 503 'maintenance until noon'; }";
    let nginx = test_support::daemon::nginx("pages", "", page, SERVER.port);
    let url = |path: &str| format!("ws://127.0.0.1:{}{path}", nginx.port());
    doctor(&[&url("/")], 0, &["OK"]);
    doctor(&[&url("/closed")], 7, &["| maintenance until noon", "by nginx", "Server: nginx"]);
}

#[test]
fn fields_of_json_keep_their_names() {
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ");
    let server = Echo::start(&["--header", "Set-Cookie: id=7", "--subprotocol", "chat"]);
    let object = json(&["--subprotocol", "chat", &server.url]);
    assert_eq!(
        keys(&object),
        "addresses advice close doctor exit_code extensions http library local_address messages_received notes ok opened pings proxy \
         remote_address stages_us subprotocol summary tls url"
    );
    let close = "code error http_status initiator message os_error phase reason retryable sent_code unsent_messages";
    assert_eq!(keys(&object["close"]), close);
    assert_eq!(keys(&object["http"]), "body cookies headers redirects status");
    assert_eq!(keys(&object["stages_us"]), "connect handshake proxy resolve tls");
    assert_eq!(keys(&object["pings"]), "round_trips_us sent");
    assert_eq!(keys(&object["addresses"][0]), "address result");
    assert_eq!(keys(&object["http"]["headers"][0]), "name value");
    assert_eq!(object["pings"]["round_trips_us"].as_array().map(Vec::len), Some(5));
    assert_eq!((&object["ok"], &object["opened"], &object["tls"]), (&true.into(), &true.into(), &Value::Null));
    assert_eq!(object["subprotocol"], "chat");
    assert_eq!(object["http"]["cookies"][0], format!("{}/ id=7", server.url));
    // If the library refuses a call, there are fewer fields.
    assert_eq!(keys(&json(&["ftp://x/"])), "doctor error exit_code library ok summary");
    // docs/doctor.md names each field.
    let page = include_str!("../../docs/doctor.md");
    for name in
        [keys(&object), keys(&object["close"]), keys(&object["http"]), keys(&object["stages_us"])].join(" ").split(' ')
    {
        assert!(page.contains(&format!("`{name}`")), "docs/doctor.md lacks {name}");
    }
}

/// Runs the doctor with lines on its standard input. Returns the exit code, the standard output and the standard error.
fn chat(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut command = Command::new(DOCTOR);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    let _ = writer.join().expect("the writer ends"); // a broken pipe is allowed
    (output.status.code().expect("a code"), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
}

#[test]
fn lines_are_messages() {
    let (code, printed, report) = chat(&[&SERVER.url], b"hello\nw\xc3\xb6rld\n\nlast");
    assert_eq!((code, &*printed), (0, "hello\nwörld\n\nlast\n"));
    assert!(report.contains("OK      The connection works.") && report.contains("4 received"), "{report}");

    // There are more lines than fit into all queues. They must arrive in order.
    let many: String = (0..20_000).map(|number| format!("line {number}\n")).collect();
    let (code, printed, _) = chat(&["--chat", &SERVER.url], many.as_bytes());
    assert!(code == 0 && printed == many, "{code}: {} of {} bytes", printed.len(), many.len());

    let long = [&[b'x'; 131_073][..], b"\nshort\n\xff\n"].concat();
    let (code, printed, report) = chat(&["--chat", &SERVER.url], &long);
    assert_eq!((code, &*printed), (0, "short\n[binary, 1 bytes: ff]\n"));
    assert!(report.contains("a line has more than 131072 bytes"), "{report}");

    let (code, printed, _) = chat(&["--chat", &SERVER.url], b"");
    assert_eq!((code, &*printed), (0, ""));
    // The server may end a chat.
    let (code, printed, report) = chat(&["--wait", "60", "--pings", "0", &SERVER.url("/close/1000/2")], b"1\n2\n3\n");
    assert_eq!((code, &*printed), (0, "1\n2\n"), "{report}");
    let (code, _, report) = chat(&["--wait", "60", "--pings", "0", &SERVER.url("/drop/1")], b"1\n");
    assert_eq!(code, 8, "{report}");
}

#[test]
fn answers_that_come_late_are_waited_for() {
    let arguments = ["--wait", "60", "--pings", "0", &SERVER.url("/delay/300/close/1000/1")];
    let (code, printed, report) = chat(&arguments, b"slow\n");
    assert_eq!((code, &*printed), (0, "slow\n"), "{report}");
}

#[test]
fn frames_and_steps_are_traced() {
    let said = doctor(&["--trace", "--verbose", "--pings", "1", &SERVER.url], 0, &[]);
    for text in
        ["frame: sent ping, 4 bytes\n", "frame: received pong, 4 bytes\n", "frame: sent close, 2 bytes\n", "log: "]
    {
        assert!(said.contains(text), "not {text:?}: {said}");
    }
}

#[test]
fn secrets_of_the_request_are_not_printed() {
    let url = SERVER.url.replace("://", "://user:hidden1@") + "/chat?token=hidden2";
    for option in ["--verbose", "--json"] {
        let arguments = [option, "--header", "X-Token: hidden3", "--header", "Cookie: a=hidden4", &url];
        let said = doctor(&arguments, 0, &["/chat?…"]);
        assert!(!said.contains("hidden"), "{said}");
    }
}

/// Servers repeat secrets in their answers, and the library has them in the list of cookies.
#[test]
fn secrets_of_the_url_are_not_printed_from_answers() {
    let page = "HTTP/1.1 404 Not Found\r\nSet-Cookie: id=7\r\nContent-Length: 28\r\n\r\nno /play?token=hidden2 here\n";
    let redirect = "HTTP/1.1 302 Found\r\nSet-Cookie: id=7\r\nLocation: https://a.example/play?token=hidden2\r\n\r\n";
    for (answer, texts) in [
        (page, &["| no /play?… here", "set-cookie: id=7"][..]),
        (redirect, &["location: https://a.example/play?…", "redirects to https://a.example/play?… (HTTP 302)"]),
    ] {
        let server = answering(answer);
        let url = format!("ws://user:hidden1@{server}/play?token=hidden2");
        let said = doctor(&["--verbose", &url], 7, &[]);
        for text in texts {
            assert!(said.to_lowercase().contains(&text.to_lowercase()), "not {text:?}: {said}");
        }
        assert!(!said.contains("hidden"), "{said}");
        let object = json(&[&url]);
        assert_eq!(object["http"]["cookies"], serde_json::json!([format!("ws://{server}/play?… id=7")]));
        assert!(!object.to_string().contains("hidden"), "{object}");
    }
    // The URL of a redirect also has a user name, a password and a query.
    let target = answering("HTTP/1.1 403 Forbidden\r\nSet-Cookie: id=8\r\nContent-Length: 0\r\n\r\n");
    let location = format!("HTTP/1.1 302 Found\r\nLocation: http://user:hidden1@{target}/?token=hidden2\r\n\r\n");
    let object = json(&["--redirects", "1", &format!("ws://{}/", answering(location))]);
    assert_eq!(object["http"]["cookies"], serde_json::json!([format!("ws://{target}/?… id=8")]));
    assert!(!object.to_string().contains("hidden"), "{object}");
    // This is the reason of a close.
    let closing = closing_with(b"\x88\x18\x0f\xa1no ?token=hidden2 here");
    let url = format!("ws://{closing}/?token=hidden2");
    let said =
        doctor(&["--verbose", "--pings", "0", &url], 8, &["no ?… here"]) + &json(&["--pings", "0", &url]).to_string();
    assert!(!said.contains("hidden"), "{said}");
}

#[test]
fn a_server_cannot_control_the_terminal() {
    let answer = "HTTP/1.1 403 \x1b[2J\r\nServer: a\u{202e}b\r\nContent-Length: 8\r\n\r\n\x1b[2Jb\x07\r\n";
    let said = doctor(&[&format!("ws://{}/", answering(answer))], 7, &["| \\u{1b}[2Jb\\u{7}", "by a\\u{202e}b"]);
    assert!(!said.contains(['\x1b', '\x07', '\u{202e}']), "{said:?}");
}

#[test]
fn the_command_line_is_checked() {
    assert_command_line(
        DOCTOR,
        "egret-ws-doctor",
        &[
            (&[], "no URL, such as wss://example.com/; --help lists the options"),
            (&["--bogus", "ws://a"], "unknown option --bogus"),
            (&["ws://a", "--roots", "/nowhere"], "/nowhere: No such file"),
            (&["game.example"], "EGRET_WS_ERR_INVALID_URL"),
            (&["ws://a/#b"], "fragment"),
            (&["--address", "x", "ws://a"], "is not an IP address"),
            (&["--pin", "x", "ws://a"], "sha256/"),
            (&["--header", "Host: x", "ws://a"], "Host"),
            (&["--proxy", "ftp://x", "ws://a"], "EGRET_WS_ERR_INVALID_ARGUMENT"),
            (&["--only-roots", "wss://a"], "EGRET_WS_ERR_INVALID_ARGUMENT"),
        ],
    );
}

#[test]
fn the_programs_work_if_their_output_is_not_read() {
    for (arguments, code) in [
        (&["--help"][..], 0),
        (&["--bogus"], 2),
        (&[&*SERVER.url], 0),
        (&["--json", &SERVER.url], 0),
        (&["--verbose", "--trace", &SERVER.url("/refuse/503")], 7),
    ] {
        assert_eq!(programs::status_with_closed_output(DOCTOR, arguments), Some(code), "{arguments:?}");
    }
    // This is a chat whose messages no program reads.
    let mut command = Command::new(DOCTOR);
    command.args(["--chat", &SERVER.url]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it runs");
    drop(child.stdout.take());
    child.stdin.take().expect("a pipe").write_all(b"1\n2\n").expect("it reads");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// A pipe that stays open without a line delays the check, but does not prevent it.
#[test]
fn an_open_pipe_without_lines_is_not_a_chat() {
    let mut command = Command::new(DOCTOR);
    command.arg(&SERVER.url).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut printed = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut printed).expect("its report");
    assert!(printed.contains("OK      The connection works."), "{printed}");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// An application can also read every fact of the doctor.
#[test]
fn it_uses_the_header_only() {
    let header = include_str!("../../include/egret_ws.h");
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = |text: &str| text.split(|c| !is_name(c)).map(String::from).collect::<std::collections::BTreeSet<_>>();
    let declared = words(header);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/doctor");
    let mut sources = String::new();
    for part in [folder.to_owned(), format!("{folder}/diagnosis")] {
        for entry in std::fs::read_dir(part).expect("the sources").map(|entry| entry.expect("an entry").path()) {
            sources += &std::fs::read_to_string(&entry).unwrap_or_default();
        }
    }
    let used = words(&sources);
    let ours = ["egret_ws_tools"];
    let is_of_library = |word: &&String| word.starts_with("egret_ws") || word.starts_with("EGRET_WS");
    let unknown: Vec<_> = used.iter().filter(is_of_library).filter(|word| !declared.contains(*word)).collect();
    let unknown: Vec<_> =
        unknown.into_iter().filter(|word| !ours.contains(&word.as_str()) && *word != "EGRET_WS_PHASE_").collect();
    assert!(unknown.is_empty(), "not in the header: {unknown:?}");
    // Names of the header cannot be paths below the crate.
    assert!(
        !sources.contains("egret_ws::") || sources.split("egret_ws::").skip(1).all(|rest| rest.starts_with(['*', 'E']))
    );
}
