//! Frames that RFC 6455 section 5 forbids: each ends the connection with 1002.

use ::egret_ws::EGRET_WS_ERR_PROTOCOL;
use test_support::exchange::expect_failure;
use test_support::frame::{self, Frame, Length, wire};

#[track_caller]
fn breaks_the_protocol(what: &str, bytes: Vec<u8>) {
    expect_failure(what, bytes, EGRET_WS_ERR_PROTOCOL, 1002);
}

#[test]
fn reserved_bits_are_refused() {
    for rsv in 1..=7 {
        breaks_the_protocol("reserved bits in a message", Frame::text("x").rsv(rsv).bytes());
    }
    breaks_the_protocol("a reserved bit in a ping", Frame::ping("x").rsv(4).bytes());
    breaks_the_protocol("a reserved bit in a Close frame", Frame::close(1000, "").rsv(2).bytes());
    let continuation = Frame::continuation("x").rsv(1);
    breaks_the_protocol("a reserved bit in a continuation", wire([&Frame::text("x").unfinished(), &continuation]));
}

#[test]
fn reserved_opcodes_are_refused() {
    for opcode in (0x3..=0x7).chain(0xB..=0xF) {
        breaks_the_protocol("an opcode without a meaning", Frame::new(opcode, "x").bytes());
        breaks_the_protocol("an opcode without a meaning nor a payload", Frame::new(opcode, "").bytes());
    }
}

#[test]
fn masked_frames_are_refused() {
    let key = [0x12, 0x34, 0x56, 0x78];
    for frame in [Frame::text("x"), Frame::binary([0; 200]), Frame::ping(""), Frame::close(1000, "")] {
        breaks_the_protocol("a masked frame", frame.masked(key).bytes());
    }
    breaks_the_protocol("a mask of zeros", Frame::text("x").masked([0; 4]).bytes());
}

#[test]
fn fragmented_control_frames_are_refused() {
    for frame in [Frame::ping("x"), Frame::pong("x"), Frame::close(1000, "")] {
        breaks_the_protocol("a control frame without FIN", frame.unfinished().bytes());
    }
}

#[test]
fn control_frames_above_125_bytes_are_refused_from_their_header() {
    for opcode in [frame::PING, frame::PONG, frame::CLOSE] {
        for length in [126, 65536] {
            breaks_the_protocol("a long control frame", Frame::new(opcode, "").header_claiming(length));
        }
    }
}

#[test]
fn continuations_of_nothing_are_refused() {
    breaks_the_protocol("a continuation that ends nothing", Frame::continuation("x").bytes());
    breaks_the_protocol("a continuation that goes on", Frame::continuation("x").unfinished().bytes());
    breaks_the_protocol("an empty continuation", Frame::continuation("").bytes());
    breaks_the_protocol("a continuation after a pong", wire([&Frame::pong("x"), &Frame::continuation("x")]));
}

#[test]
fn a_message_within_a_message_is_refused() {
    for start in [Frame::text("x").unfinished(), Frame::binary("x").unfinished(), Frame::text("").unfinished()] {
        for intruder in [Frame::text("y"), Frame::binary("y"), Frame::text("y").unfinished()] {
            breaks_the_protocol("a new message before the end of the last", wire([&start, &intruder]));
        }
    }
}

#[test]
fn lengths_in_a_longer_form_than_needed_are_refused() {
    for (form, lengths) in
        [(Length::SixteenBits, [0, 1, 125].as_slice()), (Length::SixtyFourBits, &[0, 125, 126, 65535])]
    {
        for length in lengths {
            breaks_the_protocol("a padded length", Frame::binary(vec![0; *length]).length_as(form).bytes());
        }
    }
    breaks_the_protocol("a padded length of a ping", Frame::ping("x").length_as(Length::SixteenBits).bytes());
}

#[test]
fn a_length_with_the_top_bit_set_is_refused() {
    for length in [1 << 63, u64::MAX] {
        breaks_the_protocol("a length of 64 bits", Frame::binary("").header_claiming(length));
    }
}
