//! Addresses of the server that the host has given, for example from HTTPDNS: SNI, the certificate and `Host` are those of the
//! URL. The edge server is HAProxy with virtual hosts. A look-up of its name finds no address.

use crate::certificates::refused;
use crate::hosts::{loop_with, new_loop, on_both_drivers};
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use std::ffi::CString;
use std::net::TcpListener;
use test_support::certificates::{Certificate, NAMES_ONLY, RIGHT, ROOT, WRONG_HOST};
use test_support::client::{DRIVERS, Driver, Loop, Socket};
use test_support::daemon::Daemon;
use test_support::hooks::{Hooks, Query};
use test_support::response::{address, local_address, tried_addresses};

/// This name is in the certificate `NAMES_ONLY`.
const NAME: &str = "edge.wild.example";

/// Serves only this name: TLS fails without SNI or with another name, and HTTP fails with another `Host`. Redirects `/away` to
/// `to`.
fn edge_on(listener: TcpListener, to: &str) -> Daemon {
    let rules = format!(
        "strict-sni\n\
         http-request deny deny_status 421 unless {{ req.hdr(host),field(1,:) -m str {NAME} }}\n\
         http-request redirect location {to} code 307 if {{ path /away }}"
    );
    servers::haproxy_on(listener, &NAMES_ONLY, &rules)
}

fn edge() -> Daemon {
    edge_on(TcpListener::bind("127.0.0.1:0").expect("a free port"), "/nowhere")
}

/// Connects to a URL at these addresses.
#[track_caller]
fn connect<'a>(host: &'a Loop, url: &str, addresses: &str, settings: &Settings) -> Socket<'a> {
    let addresses = CString::new(addresses).expect("no NUL in it");
    let set = |options: &mut egret_ws_options| {
        settings.set()(options);
        options.addresses = addresses.as_ptr();
    };
    host.open_url(url, set).expect("the connect call succeeds")
}

#[track_caller]
fn exchanges_a_message(socket: &Socket<'_>) {
    socket.wait_open();
    assert_eq!(socket.send_text("hello"), EGRET_WS_OK);
    socket.wait_messages(1);
}

#[test]
fn an_edge_is_reached_by_its_address_under_its_name() {
    let edge = edge();
    let port = edge.port();
    on_both_drivers(|host| {
        // The port comes from the URL, or from the list. In the second case `Host` has no port.
        for (url, list) in [
            (format!("wss://{NAME}:{port}/"), "127.0.0.1".to_owned()),
            (format!("wss://{NAME}/"), format!("127.0.0.1:{port}")),
        ] {
            let socket = connect(host, &url, &list, &Settings::trusting());
            exchanges_a_message(&socket);
            assert_eq!(address(&socket.stats()), format!("127.0.0.1:{port}"));
            assert_eq!(tried_addresses(socket.handle()), format!("127.0.0.1:{port} connected\n"));
            assert!(local_address(socket.handle()).starts_with("127.0.0.1:"));
            assert_eq!(socket.stats().resolve_us, 0, "nothing was looked up");
        }
        // An address that does not answer comes before it.
        let list = format!("127.0.0.1:9, [::1]:9, 127.0.0.1:{port}");
        let socket = connect(host, &format!("wss://{NAME}/"), &list, &Settings::trusting());
        exchanges_a_message(&socket);
        let expected =
            format!("127.0.0.1:9 Connection refused\n[::1]:9 Connection refused\n127.0.0.1:{port} connected\n");
        assert_eq!((tried_addresses(socket.handle()), socket.stats().addresses_tried), (expected, 3));
    });
}

/// Without the correct name the edge server refuses. Otherwise the test above would prove nothing.
#[test]
fn the_edge_refuses_other_names() {
    let edge = edge();
    let host = new_loop(Driver::Threaded);
    let trusting = Settings::trusting();
    let by_address = format!("wss://127.0.0.1:{}/", edge.port());
    let report = host.connect_url(&by_address, &trusting).wait_closed();
    report.expect(EGRET_WS_ERR_TLS, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_TRANSPORT);
    let report = host.connect_url(&by_address, &trusting.clone().server_name(NAME)).wait_closed();
    assert_eq!((report.error, report.http_status), (EGRET_WS_ERR_HTTP_STATUS, 421), "{report:#?}");
    let report = host.connect_url(&format!("wss://{NAME}:{}/", edge.port()), &trusting).wait_closed();
    assert_eq!((report.error, report.phase), (EGRET_WS_ERR_RESOLVE, EGRET_WS_PHASE_RESOLVE), "{report:#?}");
}

#[test]
fn a_certificate_of_another_name_is_refused() {
    // The name of the address's own certificate is another name, too.
    let certificates: [&Certificate; 2] = [&WRONG_HOST, &RIGHT];
    for certificate in certificates {
        let server = servers::haproxy(certificate, "");
        let url = format!("wss://{NAME}:{}/", server.port());
        on_both_drivers(|host| {
            let socket = connect(host, &url, "127.0.0.1", &Settings::trusting());
            refused(&socket, EGRET_WS_ERR_TLS_HOST, "");
            assert_eq!(tried_addresses(socket.handle()), format!("127.0.0.1:{} connected\n", server.port()));
        });
    }
}

/// A hook finds the address, instead of the list.
#[test]
fn an_edge_that_on_resolve_finds_is_reached_under_its_name() {
    let (edge, other) = (edge(), servers::haproxy(&WRONG_HOST, ""));
    for driver in DRIVERS {
        let on_resolve = |name: &str, query: Query| {
            assert_eq!((name, query.resolved(Some("127.0.0.1"))), (NAME, EGRET_WS_OK));
        };
        let hooks = Hooks { on_resolve: Some(Box::new(on_resolve)), ..Hooks::default() };
        let host = loop_with(driver, |options| hooks.listen_by(options));
        let url = |port: u16| format!("wss://{NAME}:{port}/");
        exchanges_a_message(&host.connect_url(&url(edge.port()), &Settings::trusting()));
        refused(&host.connect_url(&url(other.port()), &Settings::trusting()), EGRET_WS_ERR_TLS_HOST, "");
    }
}

/// The edge server refuses the name of the other origin, and a look-up does not find the edge server. So the connection is made
/// only if the list is used only for the edge server, at the beginning and when a redirect leads back to it.
#[test]
fn a_redirect_to_another_origin_does_not_use_the_addresses() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let first = format!("wss://{NAME}:{}", listener.local_addr().expect("a bound listener").port());
    let back = format!("\nhttp-request redirect location {first}/ code 307 if {{ path /back }}");
    let other = servers::haproxy(&RIGHT, &back);
    // The roots apply to every origin.
    let settings = Settings::default().roots(ROOT.pem()).flags(EGRET_WS_ONLY_THESE_ROOTS).redirects(2);
    for (path, winner) in [("/", other.port()), ("/back", listener.local_addr().expect("a bound listener").port())] {
        let here = listener.try_clone().expect("a second handle");
        let edge = edge_on(here, &format!("wss://localhost:{}{path}", other.port()));
        on_both_drivers(|host| {
            let list = format!("127.0.0.1:{}", edge.port());
            let socket = connect(host, &format!("{first}/away"), &list, &settings);
            exchanges_a_message(&socket);
            let tried = tried_addresses(socket.handle());
            assert!(tried.ends_with(&format!("127.0.0.1:{winner} connected\n")), "{path}: {tried}");
        });
    }
}
