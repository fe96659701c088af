//! Redirects to another origin: the restrictions of the host apply there too, but its permissions do not.

use crate::hosts::on_both_drivers;
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use test_support::certificates::{Certificate, RIGHT, ROOT, UNKNOWN_ISSUER};
use test_support::client::Socket;
use test_support::daemon::Daemon;
use test_support::recorder::Event;

/// A server that redirects `/away` to this URL, and accepts other requests.
fn redirecting(certificate: &Certificate, parameters: &str, to: &str) -> Daemon {
    let redirect = format!("{parameters}\nhttp-request redirect location {to} code 307 if {{ path /away }}");
    servers::haproxy(certificate, &redirect)
}

fn accepting(certificate: &Certificate, parameters: &str) -> Daemon {
    servers::haproxy(certificate, parameters)
}

fn url(server: &Daemon, path: &str) -> String {
    format!("wss://127.0.0.1:{}{path}", server.port())
}

fn only(roots: &Certificate) -> Settings {
    Settings::default().roots(roots.pem()).flags(EGRET_WS_ONLY_THESE_ROOTS)
}

/// Returns the error with which the connection ended, in the phase of TLS. 0: it is open.
fn outcome(socket: &Socket<'_>) -> i32 {
    socket.wait_for("on_connect or on_close", |events| !events.is_empty());
    match &socket.events()[0] {
        Event::Close(report) => {
            assert_eq!(report.phase, EGRET_WS_PHASE_TLS, "{report:?}");
            report.error
        }
        event => {
            assert_eq!(*event, Event::Connect);
            EGRET_WS_OK
        }
    }
}

/// Each row: the settings, the certificate of the other origin and its parameters, and the outcome there. The first origin has an
/// equal certificate and no parameters, and accepts a connection with the settings.
#[test]
fn restrictions_follow_to_another_origin_and_permissions_do_not() {
    const ANY: u32 = EGRET_WS_ACCEPT_ANY_CERTIFICATE;
    let pinned = |flags| only(&ROOT).flags(flags | EGRET_WS_ONLY_THESE_ROOTS).pins(&UNKNOWN_ISSUER.pin());
    let rows: [(&str, Settings, &Certificate, &Certificate, &str, i32); 9] = [
        ("any certificate", Settings::default().flags(ANY), &RIGHT, &RIGHT, "", EGRET_WS_ERR_TLS_ISSUER),
        ("additional roots", Settings::trusting(), &RIGHT, &RIGHT, "", EGRET_WS_ERR_TLS_ISSUER),
        ("both", Settings::trusting().flags(ANY), &RIGHT, &RIGHT, "", EGRET_WS_ERR_TLS_ISSUER),
        ("only these roots", only(&ROOT), &RIGHT, &RIGHT, "", EGRET_WS_OK),
        ("only these roots, another", only(&ROOT), &RIGHT, &UNKNOWN_ISSUER, "", EGRET_WS_ERR_TLS_ISSUER),
        (
            "any certificate, otherwise only these roots",
            only(&ROOT).flags(ANY | EGRET_WS_ONLY_THESE_ROOTS),
            &UNKNOWN_ISSUER,
            &RIGHT,
            "",
            EGRET_WS_OK,
        ),
        ("pins of the first", pinned(ANY), &UNKNOWN_ISSUER, &RIGHT, "", EGRET_WS_ERR_TLS_PIN),
        (
            "the lowest version",
            only(&ROOT).min_version(EGRET_WS_TLS_1_3),
            &RIGHT,
            &RIGHT,
            "ssl-max-ver TLSv1.2",
            EGRET_WS_ERR_TLS,
        ),
        ("no restriction on the version", only(&ROOT), &RIGHT, &RIGHT, "ssl-max-ver TLSv1.2", EGRET_WS_OK),
    ];
    for (what, settings, first, second, parameters, expected) in rows {
        let other = accepting(second, parameters);
        let own = redirecting(first, "", &url(&other, "/"));
        on_both_drivers(|host| {
            let direct = host.connect_url(&url(&own, "/"), &settings);
            assert_eq!(outcome(&direct), EGRET_WS_OK, "{what}: the first origin");
            let redirected = host.connect_url(&url(&own, "/away"), &settings.clone().redirects(1));
            assert_eq!(outcome(&redirected), expected, "{what}: the other origin");
        });
    }
}

/// A redirect within the origin changes nothing. After a redirect back to the first origin, its settings apply again.
#[test]
fn the_first_settings_hold_at_the_first_origin() {
    let within = redirecting(&UNKNOWN_ISSUER, "", "/here");
    // The first origin needs EGRET_WS_ACCEPT_ANY_CERTIFICATE. The other one must be trusted without it.
    let settings = only(&ROOT).flags(EGRET_WS_ACCEPT_ANY_CERTIFICATE | EGRET_WS_ONLY_THESE_ROOTS).redirects(3);
    let (first, other) = two_that_redirect(&UNKNOWN_ISSUER, &RIGHT);
    on_both_drivers(|host| {
        assert_eq!(outcome(&host.connect_url(&url(&within, "/away"), &settings)), EGRET_WS_OK);
        assert_eq!(outcome(&host.connect_url(&url(&first, "/away"), &settings)), EGRET_WS_OK);
        // The other server is now the first origin: none of its permissions apply to the server to which it redirects.
        let from_other = url(&other, "/away");
        assert_eq!(outcome(&host.connect_url(&from_other, &settings)), EGRET_WS_ERR_TLS_ISSUER);
    });
}

/// Starts two servers. The first one redirects `/away` to `/away` of the second one, which redirects to `/` of the first one.
fn two_that_redirect(first: &Certificate, second: &Certificate) -> (Daemon, Daemon) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let first_url = format!("wss://{}/", port.local_addr().expect("a bound listener"));
    let other = redirecting(second, "", &first_url);
    let to_other = format!("\nhttp-request redirect location {} code 307 if {{ path /away }}", url(&other, "/away"));
    (servers::haproxy_on(port, first, &to_other), other)
}
