//! The offer and the responses to it. Each response that RFC 7692 forbids fails the handshake with a message that names the reason.

use ::egret_ws::*;
use test_support::client::{on_both_drivers, set_deflate};
use test_support::deflate::client::connect;
use test_support::deflate::server::{BARE, accept};
use test_support::scripted_server::Server;

type Set = fn(&mut egret_ws_options);

/// The offer with the default options.
const DEFAULT: Set = |_| {};

/// An offer with all parameters.
const NARROW: Set = |options| {
    set_deflate(options, |deflate| {
        (deflate.client_no_context_takeover, deflate.server_no_context_takeover) = (1, 1);
        (deflate.client_window_bits, deflate.server_window_bits) = (11, 12);
    });
};

const OFF: Set = |options| options.flags = EGRET_WS_DISABLE_DEFLATE;

#[track_caller]
fn offers(set: Set, offer: Option<&'static str>) {
    on_both_drivers(|host| {
        let server = Server::start(move |mut peer| {
            let request = accept(&mut peer, &[]);
            match offer {
                Some(offer) => assert_eq!(request.header("Sec-WebSocket-Extensions"), offer),
                None => assert!(!format!("{request:?}").to_ascii_lowercase().contains("extensions"), "{request:#?}"),
            }
            peer.close(1000);
        });
        let (socket, extension) = connect(host, server.port(), set);
        assert_eq!(extension, "", "the server has left it out");
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        server.finish();
    });
}

#[test]
fn offer_contains_the_options() {
    offers(DEFAULT, Some("permessage-deflate; client_max_window_bits"));
    offers(
        NARROW,
        Some(
            "permessage-deflate; client_max_window_bits=11; server_max_window_bits=12; client_no_context_takeover; \
             server_no_context_takeover",
        ),
    );
    offers(OFF, None);
}

/// The server answers with these lines, and the connection opens.
#[track_caller]
fn agrees(set: Set, lines: &'static [&str]) {
    println!("{lines:?}"); // shown when the test fails
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            accept(&mut peer, lines);
            peer.close(1000);
        });
        let (socket, extension) = connect(host, server.port(), set);
        assert_eq!(extension, lines.join(", "), "as the server spelled it");
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        server.finish();
    });
}

#[test]
fn valid_responses_are_accepted() {
    agrees(DEFAULT, &[BARE]);
    agrees(DEFAULT, &["PerMessage-Deflate ;Server_Max_Window_Bits = \"10\";client_no_context_takeover"]);
    agrees(DEFAULT, &["permessage-deflate; client_max_window_bits=8; server_max_window_bits=8"]);
    agrees(DEFAULT, &["permessage-deflate; server_no_context_takeover; client_no_context_takeover"]);
    agrees(NARROW, &["permessage-deflate; server_no_context_takeover; server_max_window_bits=12"]);
    agrees(
        NARROW,
        &["permessage-deflate; server_max_window_bits=9; client_max_window_bits=11; server_no_context_takeover"],
    );
}

/// The server answers with these lines. The message of the report contains `words`.
#[track_caller]
fn fails(set: Set, lines: &'static [&str], words: &str) {
    println!("{lines:?}"); // shown when the test fails
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            accept(&mut peer, lines);
            peer.expect_end();
        });
        let socket = host.connect_with(server.port(), set);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_HANDSHAKE, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!((report.http_status, report.code, report.sent_code), (101, 1006, 0), "{report:#?}");
        assert!(report.message.contains(words), "{report:#?}");
        server.finish();
    });
}

#[test]
fn unrequested_extension_is_refused() {
    let words = "an extension that was not asked for";
    fails(DEFAULT, &["x-webkit-deflate-frame"], words);
    fails(DEFAULT, &["permessage-deflate, x"], words);
    fails(DEFAULT, &["x, permessage-deflate"], words);
    fails(DEFAULT, &["permessage-deflate", "x"], words);
    fails(DEFAULT, &["permessage-deflated"], words);
    fails(DEFAULT, &["permessage-bzip2; permessage-deflate"], words);
}

#[test]
fn extension_without_an_offer_is_refused() {
    fails(OFF, &[BARE], "extension");
    fails(OFF, &["x"], "extension");
}

#[test]
fn permessage_deflate_comes_once() {
    fails(DEFAULT, &["permessage-deflate, permessage-deflate"], "permessage-deflate twice");
    fails(DEFAULT, &["permessage-deflate", "permessage-deflate"], "permessage-deflate twice");
    fails(DEFAULT, &["permessage-deflate", "permessage-deflate; client_max_window_bits=9"], "permessage-deflate twice");
}

#[test]
fn unknown_parameters() {
    fails(DEFAULT, &["permessage-deflate; x"], "unknown parameter");
    fails(DEFAULT, &["permessage-deflate; x=1"], "unknown parameter");
    fails(DEFAULT, &["permessage-deflate; server_max_window_bits=10; no_context_takeover"], "unknown parameter");
    fails(DEFAULT, &["permessage-deflate;"], "unknown parameter");
}

#[test]
fn repeated_parameters() {
    const REPEATED: [&[&str]; 4] = [
        &["permessage-deflate; server_no_context_takeover; server_no_context_takeover"],
        &["permessage-deflate; client_no_context_takeover; client_no_context_takeover"],
        &["permessage-deflate; server_max_window_bits=10; server_max_window_bits=11"],
        &["permessage-deflate; client_max_window_bits=10; Client_Max_Window_Bits=10"],
    ];
    for lines in REPEATED {
        fails(DEFAULT, lines, "a parameter twice");
    }
}

#[test]
fn superfluous_and_missing_parameter_values_are_refused() {
    fails(DEFAULT, &["permessage-deflate; server_no_context_takeover=true"], "has a value, and must not");
    fails(DEFAULT, &["permessage-deflate; client_no_context_takeover=\"\""], "has a value, and must not");
    fails(DEFAULT, &["permessage-deflate; client_max_window_bits"], "not 8 to 15");
    fails(DEFAULT, &["permessage-deflate; server_max_window_bits"], "not 8 to 15");
}

#[test]
fn windows_out_of_range_or_misspelled() {
    const WRONG: [&[&str]; 12] = [
        &["permessage-deflate; client_max_window_bits=7"],
        &["permessage-deflate; client_max_window_bits=16"],
        &["permessage-deflate; client_max_window_bits=0"],
        &["permessage-deflate; server_max_window_bits=7"],
        &["permessage-deflate; server_max_window_bits=16"],
        &["permessage-deflate; server_max_window_bits=150"],
        &["permessage-deflate; server_max_window_bits=271"], // 15 modulo 256
        &["permessage-deflate; server_max_window_bits=010"],
        &["permessage-deflate; server_max_window_bits=+10"],
        &["permessage-deflate; server_max_window_bits=-9"],
        &["permessage-deflate; server_max_window_bits=1 0"],
        &["permessage-deflate; server_max_window_bits=\"10"],
    ];
    for lines in WRONG {
        fails(DEFAULT, lines, "not 8 to 15");
    }
}

#[test]
fn missing_or_exceeded_parameters_are_refused() {
    const ALONE: &str = "no server_no_context_takeover, which was asked for";
    fails(NARROW, &["permessage-deflate; server_max_window_bits=12"], ALONE);
    fails(NARROW, &["permessage-deflate; client_no_context_takeover; server_max_window_bits=12"], ALONE);
    fails(NARROW, &["permessage-deflate; server_no_context_takeover"], "no server_max_window_bits");
    fails(
        NARROW,
        &["permessage-deflate; server_no_context_takeover; server_max_window_bits=13"],
        "a larger one than was asked for",
    );
    fails(
        NARROW,
        &["permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12"],
        "a larger client_max_window_bits than was offered",
    );
}
