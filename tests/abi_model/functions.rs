//! The table of all functions of the header: how often each is called, and by which function of the fuzzer.

use crate::case::Case;
use crate::random::Random;
use crate::socket_model::Socket;
use crate::{
    call_stack, connect_calls, getter_calls, loop_calls, receive_calls, request_calls, socket_calls, text_calls,
};
use std::sync::Arc;

/// Chooses the arguments of a call, makes it, and checks its result. The socket is the one whose callback runs.
type Perform = fn(&Arc<Case>, &mut Random, Option<&Arc<Socket>>);

/// A function, how often it is called, and how.
pub const TABLE: &[(&str, usize, Perform)] = &[
    ("egret_ws_error_name", 1, text_calls::error_name),
    ("egret_ws_last_error_message", 1, text_calls::last_error_message),
    ("egret_ws_version_number", 1, text_calls::version_number),
    ("egret_ws_version_string", 1, text_calls::version_string),
    ("egret_ws_loop_options_init", 2, text_calls::loop_options_init),
    ("egret_ws_loop_new", 3, loop_calls::new),
    ("egret_ws_loop_poll", 120, loop_calls::poll),
    ("egret_ws_loop_wake", 3, loop_calls::wake),
    ("egret_ws_loop_set_wakeup", 4, loop_calls::set_wakeup),
    ("egret_ws_loop_descriptor", 3, loop_calls::descriptor),
    ("egret_ws_loop_next_poll_ms", 3, loop_calls::next_poll_ms),
    ("egret_ws_loop_suspend", 2, loop_calls::suspend),
    ("egret_ws_loop_resume", 4, loop_calls::resume),
    ("egret_ws_loop_network_changed", 2, loop_calls::network_changed),
    ("egret_ws_loop_free", 3, loop_calls::free),
    ("egret_ws_options_init", 2, text_calls::options_init),
    ("egret_ws_connect_host", 10, connect_calls::by_host),
    ("egret_ws_connect", 16, connect_calls::by_url),
    ("egret_ws_retry_options_init", 1, text_calls::retry_options_init),
    ("egret_ws_deflate_options_init", 1, text_calls::deflate_options_init),
    ("egret_ws_hooks_init", 1, text_calls::hooks_init),
    ("egret_ws_tls_provider_init", 1, text_calls::tls_provider_init),
    ("egret_ws_tls_ready", 3, socket_calls::tls_ready),
    ("egret_ws_resolved", 2, text_calls::resolved),
    ("egret_ws_proxy_found", 2, text_calls::proxy_found),
    ("egret_ws_send", 100, socket_calls::send),
    ("egret_ws_close", 7, socket_calls::close),
    ("egret_ws_abort", 3, socket_calls::abort),
    ("egret_ws_free", 5, socket_calls::free),
    ("egret_ws_state", 8, socket_calls::state),
    ("egret_ws_buffered_amount", 8, socket_calls::buffered_amount),
    ("egret_ws_generation", 5, socket_calls::generation),
    ("egret_ws_retry_now", 5, socket_calls::retry_now),
    ("egret_ws_ping", 8, receive_calls::ping),
    ("egret_ws_pause_receive", 5, receive_calls::pause),
    ("egret_ws_resume_receive", 9, receive_calls::resume),
    ("egret_ws_user", 4, receive_calls::user),
    ("egret_ws_close_report", 5, receive_calls::close_report),
    ("egret_ws_remote_address", 4, getter_calls::remote_address),
    ("egret_ws_local_address", 4, getter_calls::local_address),
    ("egret_ws_tried_addresses", 4, getter_calls::tried_addresses),
    ("egret_ws_proxy", 3, getter_calls::proxy),
    ("egret_ws_subprotocol", 4, getter_calls::subprotocol),
    ("egret_ws_extensions", 4, getter_calls::extensions),
    ("egret_ws_response_header", 5, getter_calls::response_header),
    ("egret_ws_response_headers", 4, getter_calls::response_headers),
    ("egret_ws_response_body", 4, getter_calls::response_body),
    ("egret_ws_response_cookies", 4, getter_calls::response_cookies),
    ("egret_ws_tls_cipher", 2, getter_calls::tls_cipher),
    ("egret_ws_tls_alpn", 2, getter_calls::tls_alpn),
    ("egret_ws_peer_certificate", 3, getter_calls::peer_certificate),
    ("egret_ws_stats", 6, getter_calls::stats),
    ("egret_ws_request_set_url", 2, request_calls::set_url),
    ("egret_ws_request_set_header", 2, request_calls::set_header),
    ("egret_ws_request_set_subprotocols", 2, request_calls::set_subprotocols),
    ("egret_ws_request_set_addresses", 2, request_calls::set_addresses),
    ("egret_ws_is_retryable", 2, request_calls::is_retryable),
    ("egret_ws_normalize_url", 4, text_calls::normalize_url),
];

/// Calls one function.
pub fn perform(case: &Arc<Case>, random: &mut Random, own: Option<&Arc<Socket>>) {
    let at = random.weighted(TABLE.iter().map(|(_, weight, _)| *weight));
    // Each call has its own random numbers, so that later calls do not depend on how many numbers it uses.
    let mut own_dice = Random::new(random.next());
    if call_stack::depth() < 8 {
        TABLE[at].2(case, &mut own_dice, own);
    }
}

#[test]
fn every_function_of_the_header_is_called() {
    let in_header: Vec<_> = crate::contract::FUNCTIONS.keys().map(String::as_str).collect();
    let mut in_table: Vec<_> = TABLE.iter().map(|(name, _, _)| *name).collect();
    in_table.sort_unstable();
    assert_eq!(in_table, in_header, "the functions in the table of the fuzzer are not those of the header");
}
