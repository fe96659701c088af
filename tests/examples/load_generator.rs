//! Tests the report of `examples/load_generator` with an echo server, with a server that drops connections, and with no server.

use super::{Outcome, Program, SANITIZED_C99, compile_as, echo_url};
use test_support::failing_servers::dead_url;

/// The number in front of these words.
fn number(outcome: &Outcome, words: &str) -> u64 {
    let before = outcome.printed.split(words).next().filter(|before| before.len() < outcome.printed.len());
    let digits = before.and_then(|before| before.rsplit([' ', '\n']).next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no number of{words}:\n{}", outcome.printed))
}

#[test]
fn the_load_generator_reports_what_it_measures() {
    let program = Program::at(compile_as("load_generator", &["load_generator/load_generator.c"], SANITIZED_C99, &[]));
    let run = |options: &str, url: &str| program.run(&[options.split(' ').collect::<Vec<_>>(), vec![url]].concat());
    let report = ["throughput   ", "latency      p50 ", ", p99.9 ", "schedule     at most "];

    let outcome = run("--sockets 40 --rate 25 --seconds 1 --opening 7", echo_url());
    outcome.succeeds(&[&report[..], &["40 of 40 connected, 40 closed cleanly\n", " 0 out of order\n"]].concat());
    let sent = number(&outcome, " sent, ");
    assert!((1..=1000).contains(&sent) && sent == number(&outcome, " came back"), "{}", outcome.printed);

    // Several loops, all sizes.
    let outcome = run("--sockets 7 --threads 3 --rate 50 --bytes 16 --most-bytes 131072 --seconds 1", echo_url());
    outcome.succeeds(&["7 sockets in 3 threads", "7 of 7 connected, 7 closed cleanly\n"]);

    // It ends when no socket is left, and names the errors.
    let outcome = run("--sockets 20 --rate 100 --seconds 600 --threads 2", &(echo_url().to_owned() + "drop/3"));
    outcome.fails(&["20 of 20 connected, 0 closed cleanly\n", "error        20 x EGRET_WS_ERR_CONNECTION_LOST\n"]);
    assert_eq!(number(&outcome, " came back"), 60);
    run("--sockets 5 --seconds 600", dead_url()).fails(&["0 of 5 connected", "5 x EGRET_WS_ERR_CONNECT\n"]);
    run("--sockets 5 --seconds 600", "ws://[").fails(&["5 x EGRET_WS_ERR_INVALID_URL\n"]);

    // Ctrl-C.
    let url = echo_url().to_owned();
    let arguments = ["--sockets", "3", "--seconds", "600", &url];
    let line = format!("3 sockets in 1 threads, 1 messages a second each, to {url}");
    let outcome = program.interrupt(&arguments, &line);
    assert!(outcome.status.code().is_some() && outcome.printed.contains(" of 3 connected, "), "{}", outcome.printed);

    run("--rate -1", echo_url()).fails(&["--rate: a number from 0 to 1000\n", "usage: "]);
    run("--bogus 1", echo_url()).fails(&["usage: "]);
}
