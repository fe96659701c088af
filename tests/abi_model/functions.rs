//! The table of all functions of the header: how often each is called, and by what.

use crate::case::Case;
use crate::dice::Dice;
use crate::socket::Socket;
use crate::{connects, frames, loops, readers, sockets, words};
use std::sync::Arc;

/// Chooses the arguments of a call, makes it, and checks its result. The socket is the one whose callback runs.
type Perform = fn(&Arc<Case>, &mut Dice, Option<&Arc<Socket>>);

/// A function, how often it is called, and how.
pub const TABLE: &[(&str, usize, Perform)] = &[
    ("egret_ws_error_name", 1, words::error_name),
    ("egret_ws_version_number", 1, words::version_number),
    ("egret_ws_version_string", 1, words::version_string),
    ("egret_ws_loop_options_init", 2, words::loop_options_init),
    ("egret_ws_loop_new", 3, loops::new),
    ("egret_ws_loop_poll", 120, loops::poll),
    ("egret_ws_loop_wake", 3, loops::wake),
    ("egret_ws_loop_set_wakeup", 4, loops::set_wakeup),
    ("egret_ws_loop_descriptor", 3, loops::descriptor),
    ("egret_ws_loop_timeout", 3, loops::timeout),
    ("egret_ws_loop_suspend", 2, loops::suspend),
    ("egret_ws_loop_resume", 4, loops::resume),
    ("egret_ws_loop_network_changed", 2, loops::network_changed),
    ("egret_ws_loop_free", 3, loops::free),
    ("egret_ws_options_init", 2, words::options_init),
    ("egret_ws_connect", 10, connects::by_host),
    ("egret_ws_connect_url", 16, connects::by_url),
    ("egret_ws_send_text", 50, sockets::send_text),
    ("egret_ws_send_binary", 50, sockets::send_binary),
    ("egret_ws_close", 7, sockets::close),
    ("egret_ws_free", 5, sockets::free),
    ("egret_ws_state", 8, sockets::state),
    ("egret_ws_buffered_amount", 8, sockets::buffered_amount),
    ("egret_ws_generation", 5, sockets::generation),
    ("egret_ws_retry_now", 5, sockets::retry_now),
    ("egret_ws_ping", 8, sockets::ping),
    ("egret_ws_subprotocol", 4, readers::subprotocol),
    ("egret_ws_extensions", 4, readers::extensions),
    ("egret_ws_response_header", 5, readers::response_header),
    ("egret_ws_response_headers", 4, readers::response_headers),
    ("egret_ws_get_stats", 6, readers::get_stats),
    ("egret_ws_normalize_url", 4, words::normalize_url),
];

/// Calls one function.
pub fn perform(case: &Arc<Case>, dice: &mut Dice, own: Option<&Arc<Socket>>) {
    let at = dice.weighted(TABLE.iter().map(|(_, weight, _)| *weight));
    // Each call has its own random numbers, so that later calls do not depend on how many it uses.
    let mut own_dice = Dice::new(dice.next());
    if frames::depth() < 8 {
        TABLE[at].2(case, &mut own_dice, own);
    }
}

#[test]
fn every_function_of_the_header_is_called() {
    let in_header: Vec<_> = crate::contract::FUNCTIONS.keys().map(String::as_str).collect();
    let mut in_table: Vec<_> = TABLE.iter().map(|(name, _, _)| *name).collect();
    in_table.sort_unstable();
    assert_eq!(in_table, in_header, "the table of the fuzzer has not the functions of the header");
}
