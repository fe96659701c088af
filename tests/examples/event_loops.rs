//! `examples/event_loops`: sockets in event loops of other libraries.

use super::{Outcome, Program, SANITIZED_C99, compile_as, echo_url};
use std::io::{PipeWriter, Write, pipe};
use std::process::Command;
use test_support::failing_servers::{dead_url, refusing_url};
use test_support::library;

fn program(name: &str, package: &str) -> Program {
    let flags = library::run(Command::new("pkg-config").args(["--cflags", "--libs", package]));
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let source = format!("event_loops/{name}.c");
    let program = Program::at(compile_as(&format!("event_loop_{name}"), &[&source], SANITIZED_C99, &flags));
    program.run::<&str>(&[]).fails(&["usage: "]);
    program.run(&[dead_url()]).fails(&["refused"]);
    program.run(&[refusing_url()]).fails(&["403"]);
    program.run(&["ws://["]).fails(&["EGRET_WS_ERR_INVALID_URL"]);
    program
}

/// Runs the program with an input.
fn chat(program: &Program, url: &str, write: impl FnOnce(PipeWriter)) -> Outcome {
    let (input, writer) = pipe().expect("a pipe");
    let running = program.start(&[url], &[], input.into());
    write(writer);
    running.wait()
}

#[test]
fn a_chat_in_glib_sends_the_lines_of_its_input() {
    let program = program("glib", "glib-2.0");
    let text = |text: &'static [u8]| move |mut input: PipeWriter| input.write_all(text).expect("the program reads");
    let outcome = chat(&program, echo_url(), text(b"one\n\xff\ntwo\nthree"));
    outcome.succeeds(&["not sent: the text is not UTF-8", "closed by this side"]);
    // The message on stderr may come before, between or after the answers.
    let answers: Vec<&str> = outcome.printed.lines().filter(|line| ["one", "two", "three"].contains(line)).collect();
    assert_eq!(answers, ["one", "two", "three"]);
    chat(&program, echo_url(), text(b"")).succeeds(&["closed by this side"]);
    // The input stays open; the connection ends.
    let mut kept = None;
    let keep = |mut input: PipeWriter| {
        input.write_all(b"one\nhalf a ").expect("the program reads");
        kept = Some(input);
    };
    chat(&program, &(echo_url().to_owned() + "close/4001/1"), keep).succeeds(&["one\n", "closed by the peer"]);

    // More than the send queue takes: a message of 100,000 bytes each. Nothing is lost.
    let long = "x".repeat(100_000);
    let many = |mut input: PipeWriter| (0..40).for_each(|_| writeln!(input, "{long}").expect("the program reads"));
    let outcome = chat(&program, echo_url(), many);
    outcome.succeeds(&["closed by this side"]);
    assert_eq!(outcome.printed.lines().filter(|line| *line == long).count(), 40);
}

#[test]
fn a_client_in_libuv_sends_at_each_tick() {
    let program = program("libuv", "libuv");
    program.run(&[echo_url(), "3", "1"]).succeeds(&["message 1\nmessage 2\nmessage 3\n", "closed by this side"]);
    program.interrupt(&[echo_url(), "1000000", "1"], "message 1").succeeds(&["closed by this side"]);
    program.run(&[&*(echo_url().to_owned() + "drop/2"), "10", "1"]).fails(&["message 2\n", "without a Close frame"]);
}
