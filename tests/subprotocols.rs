//! Subprotocols: the offer, the choice of the server, and how a host reads it. Also `egret_ws_normalize_url`.
#![allow(unsafe_code)] // the C ABI is called as a host would

use ::egret_ws::*;
use std::ffi::CString;
use test_support::client::{Driver, Loop, on_both_drivers};
use test_support::scripted_server::Server;

#[test]
fn the_server_chooses_one_of_those_offered() {
    on_both_drivers(|host| {
        for chosen in ["chat.v1", "chat.v2"] {
            let server = Server::start(move |mut peer| {
                let request = peer.read_request();
                let offered = request.header("Sec-WebSocket-Protocol").to_owned();
                peer.write(
                    request.answer().replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Protocol: {chosen}\r\n\r\n")),
                );
                peer.close(1000);
                offered
            });
            let socket = host.connect_with(server.port(), |options| options.subprotocols = c"chat.v2,chat.v1".as_ptr());
            assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
            assert_eq!(socket.subprotocol(), chosen);
            assert_eq!(server.finish(), "chat.v2, chat.v1");
        }
    });
}

#[test]
fn wrong_or_missing_choice_fails_the_handshake() {
    on_both_drivers(|host| {
        for choice in ["", "\r\nSec-WebSocket-Protocol: other"] {
            let server = Server::start(move |mut peer| {
                let request = peer.read_request();
                peer.write(request.answer().replace("\r\n\r\n", &format!("{choice}\r\n\r\n")));
                peer.expect_end();
            });
            let socket = host.connect_with(server.port(), |options| options.subprotocols = c"chat".as_ptr());
            let report = socket.wait_closed();
            assert_eq!((report.error, report.phase), (EGRET_WS_ERR_HANDSHAKE, EGRET_WS_PHASE_HANDSHAKE));
            server.finish();
        }
    });
}

#[test]
fn invalid_list_is_refused() {
    let host = Loop::new(Driver::Threaded);
    for list in ["", "a,,b", "a b", "a,a", "a\r\nX-Injected: b", "\u{fc}"] {
        let list = CString::new(list).unwrap();
        let outcome = host.open_host("127.0.0.1", 9, |options| options.subprotocols = list.as_ptr());
        assert_eq!(outcome.err(), Some(EGRET_WS_ERR_INVALID_ARGUMENT), "{list:?}");
        assert!(host.take_log()[0].contains("subprotocol"));
    }
}

fn normalize(url: &str, capacity: usize) -> (i32, Vec<u8>) {
    let url = CString::new(url).unwrap();
    let mut out = vec![b'?'; capacity];
    // SAFETY: the URL ends in a NUL, and `out` has the given capacity.
    let length = unsafe { egret_ws_normalize_url(url.as_ptr(), out.as_mut_ptr().cast(), capacity) };
    (length, out)
}

#[test]
fn a_url_is_normalised_into_the_room_that_is_given() {
    assert_eq!(normalize("http://h?x", 0), (9, vec![]));
    assert_eq!(normalize("http://h?x", 10), (9, b"ws://h/?x\0".to_vec()));
    assert_eq!(normalize("http://h?x", 9), (EGRET_WS_ERR_INVALID_ARGUMENT, vec![b'?'; 9]));
    assert_eq!(normalize("mailto:h", 10), (EGRET_WS_ERR_INVALID_URL, vec![b'?'; 10]));
    // SAFETY: NULL may be passed; the function refuses it.
    let refused = unsafe { egret_ws_normalize_url(std::ptr::null(), std::ptr::null_mut(), 0) };
    assert_eq!(refused, EGRET_WS_ERR_INVALID_ARGUMENT);
}
