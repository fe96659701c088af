//! Unusual and invalid responses of SOCKS5 (RFC 1928, RFC 1929).

use crate::exchange::{fails, open, opens};
use crate::scripted_proxy::{self, GRANTED, NO_AUTHENTICATION, PASSWORD, drip};
use ::egret_ws::*;
use test_support::client::on_both_drivers;
use test_support::close_report::CloseReport;
use test_support::scripted_server::{Peer, Server};

/// The proxy runs `script`. `user` is the user information in its URL.
#[track_caller]
fn answered(user: &str, script: impl Fn(Peer) + Clone + Send + 'static, check: impl Fn(&CloseReport)) {
    on_both_drivers(|host| {
        let server = Server::start(script.clone());
        let socket = open(host, "ws://echo.test/", &format!("socks5://{user}127.0.0.1:{}", server.port()));
        check(&fails(&socket));
        server.finish();
    });
}

/// The proxy writes `answer` to the offer of methods, and the client disconnects.
#[track_caller]
fn refuses_methods(user: &str, answer: &[u8], reasons: &[&str]) {
    println!("{answer:02x?}");
    let answer = answer.to_vec();
    let script = move |mut peer: Peer| {
        scripted_proxy::read_methods(peer.stream());
        peer.write(&answer);
        peer.expect_end();
    };
    answered(user, script, |report| report.expect_proxy_refusal(0, reasons));
}

/// The proxy writes `answer` to the user name and password, and the client disconnects.
#[track_caller]
fn refuses_credentials(answer: &[u8], reasons: &[&str]) {
    println!("{answer:02x?}");
    let answer = answer.to_vec();
    let script = move |mut peer: Peer| {
        scripted_proxy::read_methods(peer.stream());
        peer.write([5, PASSWORD]);
        scripted_proxy::read_credentials(peer.stream());
        peer.write(&answer);
        peer.expect_end();
    };
    answered("user:secret@", script, |report| report.expect_proxy_refusal(0, reasons));
}

/// The proxy writes `answer` to the request, and the client disconnects.
#[track_caller]
fn refuses(answer: &[u8], reasons: &[&str]) {
    println!("{answer:02x?}");
    let answer = answer.to_vec();
    let script = move |mut peer: Peer| {
        scripted_proxy::read_socks(peer.stream());
        peer.write(&answer);
        peer.expect_end();
    };
    answered("", script, |report| report.expect_proxy_refusal(0, reasons));
}

/// The proxy runs `script` until the tunnel is open.
#[track_caller]
fn accepts(script: impl Fn(&mut Peer) + Clone + Send + 'static) {
    opens("socks5://user:secret@", "ws://echo.test/", "echo.test", script);
}

/// An answer with a bound address of another type.
fn granted(kind: u8, address: &[u8]) -> Vec<u8> {
    [&[5, 0, 0, kind], address, &[0x1F, 0x90]].concat()
}

#[test]
fn the_bound_address_may_be_of_any_type() {
    let long_name = [vec![255], vec![b'a'; 255]].concat();
    let addresses: [(u8, &[u8]); 5] =
        [(1, &[192, 0, 2, 1]), (4, &[0x20; 16]), (3, b"\x0aproxy.test"), (3, b"\0"), (3, &long_name)];
    for (kind, address) in addresses {
        let answer = granted(kind, address);
        accepts(move |peer| {
            scripted_proxy::read_methods(peer.stream());
            peer.write([5, NO_AUTHENTICATION]);
            scripted_proxy::read_destination(peer.stream());
            peer.write(&answer);
        });
    }
}

#[test]
fn the_answers_may_come_byte_by_byte() {
    for answer in [GRANTED.to_vec(), granted(3, b"\x0aproxy.test"), granted(4, &[0x20; 16])] {
        accepts(move |peer| {
            scripted_proxy::read_methods(peer.stream());
            drip(peer, &[5, PASSWORD]);
            scripted_proxy::read_credentials(peer.stream());
            drip(peer, &[1, 0]);
            scripted_proxy::read_destination(peer.stream());
            drip(peer, &answer);
        });
    }
}

/// As in curl, this is accepted, because some proxies send the version of SOCKS instead of that of the sub-negotiation (RFC
/// 1929).
#[test]
fn the_version_of_the_sub_negotiation_does_not_matter() {
    accepts(|peer| {
        scripted_proxy::read_methods(peer.stream());
        peer.write([5, PASSWORD]);
        scripted_proxy::read_credentials(peer.stream());
        peer.write([5, 0]);
        scripted_proxy::read_destination(peer.stream());
        peer.write(GRANTED);
    });
}

#[test]
fn methods_that_cannot_be_used_are_refused() {
    refuses_methods("", &[5, 0xFF], &["requires authentication"]);
    refuses_methods("user:secret@", &[5, 0xFF], &["requires an authentication other than"]);
    // The proxy may choose only a method that was offered.
    refuses_methods("", &[5, PASSWORD], &["not offered"]);
    refuses_methods("user:secret@", &[5, 1], &["not offered"]);
}

#[test]
fn invalid_socks5_is_reported() {
    for answer in [b"\x04\0".as_slice(), b"\0\x5b\0\0\0\0\0\0", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n"] {
        refuses_methods("", answer, &["SOCKS5"]);
    }
    refuses(&[4, 0, 0, 1, 0, 0, 0, 0, 0, 0], &["SOCKS5"]);
    refuses(&[5, 0, 0, 2, 0, 0, 0, 0, 0, 0], &["unknown type 2"]);
}

#[test]
fn a_wrong_password_is_reported() {
    refuses_credentials(&[1, 1], &["did not accept the user name and password"]);
    refuses_credentials(&[1, 0xFF], &["did not accept the user name and password"]);
}

#[test]
fn every_refusal_has_a_message() {
    for (code, reason) in [
        (1, "general failure"),
        (2, "its rules do not allow it"),
        (3, "the network is unreachable"),
        (4, "the host is unreachable"),
        (5, "the host refused the connection"),
        (6, "the time to live expired"),
        (7, "it does not support CONNECT"),
        (8, "it does not support this type of address"),
        (9, "an unknown reason (reply 9)"),
        (255, "an unknown reason (reply 255)"),
    ] {
        refuses(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0], &["SOCKS5", reason]);
    }
    // Some proxies disconnect without sending an address.
    let script = |mut peer: Peer| {
        scripted_proxy::read_socks(peer.stream());
        peer.write([5, 5]);
        peer.finish_writing();
        peer.expect_end();
    };
    answered("", script, |report| report.expect_proxy_refusal(0, &["the host refused the connection"]));
}

/// A server sends nothing before the request, so these bytes come from the proxy.
#[test]
fn bytes_after_the_answer_are_refused() {
    refuses(&[&GRANTED[..], b"x"].concat(), &["more than its answer"]);
}

#[test]
fn an_end_instead_of_an_answer_is_reported() {
    for cut in 0..12 {
        let script = move |mut peer: Peer| {
            let answers: [&[u8]; 2] = [&[5, NO_AUTHENTICATION], &GRANTED];
            scripted_proxy::read_methods(peer.stream());
            peer.write(&answers[0][..cut.min(2)]);
            if cut >= 2 {
                scripted_proxy::read_destination(peer.stream());
                peer.write(&answers[1][..cut - 2]);
            }
            peer.finish_writing();
            peer.expect_end();
        };
        answered("", script, |report| {
            report.expect(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_TRANSPORT);
            report.expect_message(&["proxy"]);
        });
    }
}
