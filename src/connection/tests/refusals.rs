//! The body of a refusal, and the cookies of all hops. The report comes when the body was read or no more bytes of it come, but
//! not later than at the deadline of the handshake. Only the time of the report depends on the body.

use super::super::ConnectConfig;
use super::retrying::RETRY;
use super::scenario::{run_scenario, run_unbroken};
use super::simulation::{LIMITS, Simulation};
use crate::config::Limits;
use std::time::Duration;

/// The largest body in these tests, in bytes.
const MOST: usize = 10;
const REFUSED: &str = "closed Refused in Handshake by Peer, got 1006, sent 0, status 403";

fn reads_bodies(config: &mut ConnectConfig) {
    config.limits.max_refusal_body = MOST;
}

/// Connects, and lets the server send this answer to the request.
fn answered(change: impl Fn(&mut ConnectConfig), answer: &str) -> Simulation {
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", |config| {
        reads_bodies(config);
        change(config);
    });
    sim.connect_result(Ok(()));
    sim.server_sends(answer.as_bytes());
    sim
}

fn body(sim: &Simulation) -> &str {
    str::from_utf8(&sim.info().body).unwrap()
}

#[test]
fn a_body_is_reported_with_the_refusal_as_soon_as_it_is_whole() {
    for (answer, expected) in [
        ("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhello", "hello"),
        ("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhello and more", "hello"),
        ("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", ""),
        ("HTTP/1.1 403 No\r\nContent-Length: -1\r\n\r\nhello", ""),
        ("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello"),
        // The limit ends the body, and nothing more is awaited.
        ("HTTP/1.1 403 No\r\nContent-Length: 5000\r\n\r\n0123456789abc", "0123456789"),
        ("HTTP/1.1 403 No\r\n\r\n0123456789", "0123456789"),
        ("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhello", "hello"),
    ] {
        // Everything comes with the head, in pieces, or in single bytes.
        let scenario = |sim: &mut Simulation| {
            sim.begin_with("ws://10.0.0.1/", reads_bodies);
            sim.connect_result(Ok(()));
            sim.server_sends(answer.as_bytes());
            assert!(sim.injects_failure() || body(sim) == expected, "{answer:?}: {:?}", sim.info().body);
        };
        run_scenario(scenario, &[REFUSED]);
        for at in 0..answer.len() {
            let mut sim = answered(|_| {}, &answer[..at]);
            sim.server_sends(&answer.as_bytes()[at..]);
            assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], expected), "{answer:?}, {at}");
            assert!(sim.open_streams().is_empty());
        }
    }
}

#[test]
fn a_stalled_body_is_reported_at_the_deadline_of_the_handshake() {
    for (answer, expected) in [
        ("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhell", "hell"),
        ("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\n", ""),
        ("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell", "hell"),
        ("HTTP/1.1 403 No\r\n\r\nhello", "hello"),
        ("HTTP/1.1 403 No\r\n\r\n", ""),
    ] {
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", reads_bodies);
        sim.connect_result(Ok(()));
        sim.advance(300);
        sim.server_sends(answer.as_bytes());
        assert_eq!(sim.time_left(), Some(LIMITS.handshake.saturating_sub(Duration::from_millis(300))));
        sim.advance(199);
        assert!(sim.events().is_empty(), "{answer:?}");
        sim.advance(1);
        assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], expected), "{answer:?}");
        assert_eq!(sim.info().timings.handshake, LIMITS.handshake);
    }
}

/// The time in milliseconds.
const SILENCE: u64 = 1000;

fn has_much_time(config: &mut ConnectConfig) {
    config.limits.handshake = Duration::from_secs(10);
    config.limits.open = Duration::from_secs(20);
}

/// A server that keeps the connection does not have to announce where the body ends.
#[test]
fn a_body_ends_when_no_byte_of_it_comes_for_a_second() {
    for (answer, next, expected) in [
        ("HTTP/1.1 403 No\r\n\r\n", "", ""),
        ("HTTP/1.1 403 No\r\n\r\nhel", "lo", "hello"),
        ("HTTP/1.1 403 No\r\nContent-Length: 50\r\n\r\n", "hell", "hell"),
        ("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", "ll", "hell"),
    ] {
        let mut sim = answered(has_much_time, answer);
        for byte in next.as_bytes() {
            assert_eq!(sim.time_left(), Some(Duration::from_millis(SILENCE)));
            sim.advance(SILENCE - 1);
            sim.server_sends(&[*byte]);
        }
        sim.advance(SILENCE - 1);
        assert!(sim.events().is_empty(), "{answer:?}");
        sim.advance(1);
        assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], expected), "{answer:?}");
        assert!(sim.open_streams().is_empty());
    }
    // If a server repeatedly sends a few bytes, only the time limit of the handshake applies.
    let mut sim = answered(
        |config| {
            has_much_time(config);
            config.limits.max_refusal_body = 100;
        },
        "HTTP/1.1 403 No\r\n\r\n",
    );
    for _ in 0..19 {
        sim.advance(SILENCE / 2);
        sim.server_sends(b"a");
    }
    assert!(sim.events().is_empty());
    sim.advance(SILENCE / 2);
    assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], &*"a".repeat(19)));
}

/// The host may poll so rarely that the bytes arrive long before the connection has its next turn.
#[test]
fn bytes_that_have_come_are_read_before_a_body_ends() {
    for (sent, is_whole) in [("lo", true), ("l", false)] {
        let mut sim = answered(has_much_time, "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhel");
        sim.server_has_sent(sent.as_bytes());
        sim.expire();
        assert_eq!(sim.events().is_empty(), !is_whole);
        sim.expire();
        assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], &*format!("hel{sent}")));
    }
    let mut sim = answered(|_| {}, "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhel");
    sim.server_has_sent(b"l");
    sim.expire();
    assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], "hell"), "the time limit of the handshake");
}

#[test]
fn the_deadline_of_all_stages_holds_for_a_body_too() {
    let mut sim =
        answered(|config| config.limits.open = LIMITS.handshake / 2, "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhe");
    sim.advance(249);
    assert!(sim.events().is_empty());
    sim.advance(1);
    assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], "he"));
}

#[test]
fn the_end_and_a_failure_of_the_stream_end_a_body() {
    for end in [Simulation::end_stream, Simulation::reset] {
        for answer in ["HTTP/1.1 403 No\r\nContent-Length: 50\r\n\r\nhell", "HTTP/1.1 403 No\r\n\r\nhell"] {
            let mut sim = answered(|_| {}, answer);
            assert!(sim.events().is_empty());
            end(&mut sim);
            assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], "hell"));
        }
    }
}

#[test]
fn without_a_body_the_report_comes_at_once() {
    for (change, answer, expected) in [
        (0, "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhello", REFUSED),
        (0, "HTTP/1.1 403 No\r\n\r\n", REFUSED),
        (
            MOST,
            "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n",
            "closed Refused in Handshake by Peer, got 1006, sent 0, status 304",
        ),
        (
            MOST,
            "HTTP/1.1 101 No\r\nContent-Length: 5\r\n\r\n",
            "closed Handshake in Handshake by Local, got 1006, sent 0",
        ),
        (MOST, "hello", "closed Handshake in Handshake by Local, got 1006, sent 0"),
    ] {
        let sim = answered(|config| config.limits.max_refusal_body = change, answer);
        assert_eq!((sim.events(), body(&sim)), (vec![expected.to_owned()], ""), "{answer:?}");
    }
}

/// For each status, the error, the status and the message do not depend on whether there is a body.
#[test]
fn a_body_changes_nothing_in_the_report() {
    for status in ["200 OK", "302 Found", "401 Unauthorized", "403 Forbidden", "429 Slow", "500", "503 Busy", "599 X"] {
        let report = |most| {
            let answer = format!("HTTP/1.1 {status}\r\nRetry-After: 7\r\nContent-Length: 3\r\n\r\nabc");
            let sim = answered(
                |config| {
                    config.limits.max_refusal_body = most;
                    config.retry = Some(RETRY);
                },
                &answer,
            );
            assert_eq!(body(&sim).len(), most.min(3));
            (sim.events(), sim.close_message().to_owned(), sim.info().status, sim.info().headers.clone())
        };
        assert_eq!(report(0), report(MOST), "{status}");
    }
}

#[test]
fn a_redirect_that_is_not_followed_has_a_body() {
    let refused = "closed Refused in Handshake by Peer, got 1006, sent 0, status 302";
    let not_followed = "closed Redirect in Handshake by Local, got 1006, sent 0, status 302";
    for (max, location, expected) in [
        (0, "Location: /else\r\n", refused),
        (5, "", not_followed),
        (5, "Location: ftp://10.0.0.2/\r\n", not_followed),
        (5, "Location: /a\r\nLocation: /b\r\n", not_followed),
    ] {
        let scenario = |sim: &mut Simulation| {
            sim.begin_with("ws://10.0.0.1/", |config| {
                reads_bodies(config);
                config.max_redirects = max;
            });
            sim.connect_result(Ok(()));
            sim.server_sends(format!("HTTP/1.1 302 Found\r\n{location}Content-Length: 5\r\n\r\nhell").as_bytes());
            assert!(sim.events().is_empty());
            sim.server_sends(b"o");
            assert_eq!(body(sim), "hello");
        };
        run_unbroken(scenario, &[expected]);
    }
    // If a redirect is followed, its body is not awaited.
    let mut sim =
        answered(|config| config.max_redirects = 1, "HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nhell");
    assert_eq!(sim.dialed().len(), 2);
    sim.connect_result(Ok(()));
    sim.server_sends(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], "no"));
}

#[test]
fn retries_have_the_body_of_their_attempt() {
    let mut sim = answered(|config| config.retry = Some(RETRY), "HTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\none");
    let lost = "lost Refused in Handshake by Peer, got 1006, sent 0, status 503; try 1 after 250 ms";
    assert_eq!((sim.events(), body(&sim)), (vec![lost.to_owned()], "one"));
    sim.advance(250);
    sim.connect_result(Ok(()));
    sim.server_sends(b"HTTP/1.1 503 Busy\r\nContent-Length: 3\r\n\r\ntwo");
    assert_eq!((sim.event_count(), body(&sim)), (3, "two"));
    sim.expire();
    sim.accept();
    assert_eq!((sim.event_count(), body(&sim)), (5, ""), "the connection is made");
}

#[test]
fn the_host_can_end_a_connection_whose_body_is_read() {
    for (end, message) in [
        (Simulation::abort as fn(&mut Simulation), "egret_ws_abort"),
        (|sim| sim.close(b""), "before the connection was made"),
        (Simulation::suspend, "suspended"),
    ] {
        let mut sim = answered(|_| {}, "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhell");
        end(&mut sim);
        assert_eq!(sim.events(), ["closed Aborted in Handshake by Local, got 1006, sent 0"]);
        assert!(sim.close_message().contains(message), "{}", sim.close_message());
        assert_eq!((sim.info().status, body(&sim)), (403, "hell"));
        assert!(sim.open_streams().is_empty());
    }
}

/// The request is not repeated on the new network, because it was already answered.
#[test]
fn a_change_of_the_network_ends_a_body() {
    let mut sim = answered(|_| {}, "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhell");
    sim.probe();
    assert_eq!((sim.events(), body(&sim), sim.dialed().len()), (vec![REFUSED.to_owned()], "hell", 1));
}

/// If a server sends chunk headers endlessly, a turn reads a limited number of them, and there is a total limit.
#[test]
fn the_work_of_a_turn_is_bounded() {
    let mut sim = answered(|config| config.limits.max_refusal_body = 131_072, "HTTP/1.1 403 No\r\n\r\n");
    sim.limit_reads(100);
    sim.take_reads();
    sim.take_turns();
    sim.server_sends(&[b'a'; 100_000]);
    assert!(sim.take_turns() >= 1000 / 8 && sim.events().is_empty());
    sim.server_sends(&[b'b'; 100_000]);
    assert_eq!((sim.events(), sim.info().body.len()), (vec![REFUSED.to_owned()], 131_072));
}

// Cookies.

/// Returns a connection of several hops. Each hop is answered with one of these answers.
fn cookies(change: impl Fn(&mut ConnectConfig), answers: &[&str]) -> Simulation {
    let mut sim = Simulation::new();
    sim.begin_with("ws://user:secret@10.0.0.1/a?token=1", |config| {
        config.max_redirects = 5;
        change(config);
    });
    for answer in answers {
        sim.connect_result(Ok(()));
        let answer = answer.replace("ACCEPT", sim.answer().trim_end().strip_prefix("HTTP/1.1 ").unwrap());
        sim.server_sends(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes());
    }
    sim
}

#[test]
fn cookies_of_redirects_refusals_and_the_upgrade_are_collected() {
    let first = "302 X\r\nSet-Cookie: a=1; Path=/\r\nLocation: http://user:secret@10.0.0.2:81/b\r\nset-cookie:  b=2 ";
    let second = "307 X\r\nLocation: /c?d\r\nSet-Cookie:";
    let so_far = "ws://10.0.0.1/a?token=1 a=1; Path=/\nws://10.0.0.1/a?token=1 b=2\nws://10.0.0.2:81/b \n";
    for last in ["403 No\r\nSet-Cookie: c=3", "200 OK\r\nSet-Cookie: c=3", "ACCEPT\r\nSet-Cookie: c=3"] {
        let sim = cookies(|_| {}, &[first, second, last]);
        assert_eq!((sim.info().redirects, sim.event_count()), (2, 1));
        assert_eq!(sim.info().cookies, format!("{so_far}ws://10.0.0.2:81/c?d c=3\n"), "{last}");
    }
    let sim = cookies(|_| {}, &[first, second, "302 X\r\nSet-Cookie: c=3"]);
    assert_eq!(
        sim.info().cookies,
        format!("{so_far}ws://10.0.0.2:81/c?d c=3\n"),
        "the last hop is a redirect that is not followed"
    );
    // The next hop gets no answer.
    let mut sim = cookies(|_| {}, &[first, second]);
    sim.connect_result(Err(std::io::ErrorKind::ConnectionRefused));
    assert_eq!(sim.info().cookies, so_far);
    // The network changes, and the hop begins again.
    let mut sim = cookies(|_| {}, &[first, second]);
    sim.probe();
    sim.connect_result(Ok(()));
    sim.server_sends(b"HTTP/1.1 403 No\r\n\r\n");
    assert_eq!(sim.info().cookies, so_far);
    assert_eq!(cookies(|_| {}, &["403 No\r\nCookie: x=y"]).info().cookies, "");
}

#[test]
fn each_attempt_has_its_own_cookies() {
    let mut sim = cookies(|config| config.retry = Some(RETRY), &["503 Busy\r\nSet-Cookie: a=1"]);
    assert_eq!(sim.info().cookies, "ws://10.0.0.1/a?token=1 a=1\n");
    sim.expire();
    sim.connect_result(Ok(()));
    sim.server_sends(b"HTTP/1.1 503 Busy\r\nSet-Cookie: b=2\r\n\r\n");
    assert_eq!(sim.info().cookies, "ws://10.0.0.1/a?token=1 b=2\n");
}

/// At most 65536 bytes are kept: the first cookies, and no others.
#[test]
fn cookies_are_bounded() {
    let url = "ws://10.0.0.1/a?token=1";
    let line = |cookie: &str| format!("{url} {cookie}\n");
    let long = |len: usize| "x".repeat(len - line("").len());
    let redirect = |cookie: &str| format!("302 X\r\nLocation: /a?token=1\r\nSet-Cookie: {cookie}");
    for (last, fits) in [(536, true), (537, false)] {
        let (large, last) = (long(32_500), long(last));
        let sim = cookies(
            |_| {},
            &[&redirect(&large), &redirect(&large), &format!("403 No\r\nSet-Cookie: {last}\r\nSet-Cookie: b")],
        );
        let all = line(&large).repeat(2) + &line(&last).repeat(usize::from(fits));
        assert!(sim.info().cookies == all, "{} bytes, {fits}", sim.info().cookies.len());
        assert_eq!(sim.info().cookies.capacity(), all.len());
    }
}

/// This is the largest limit of the options and of this library.
#[test]
fn a_limit_of_any_size_is_kept() {
    for most in [1, 16_384, 131_072] {
        let limits = Limits { max_refusal_body: most, ..LIMITS };
        let mut sim = answered(|config| config.limits = limits, "HTTP/1.1 403 No\r\nContent-Length: 999999\r\n\r\n");
        sim.use_engine_buffer();
        sim.server_sends(&vec![b'a'; most - 1]);
        assert!(sim.events().is_empty());
        sim.server_sends(b"bcd");
        assert_eq!((sim.events(), sim.info().body.len()), (vec![REFUSED.to_owned()], most));
        assert!(sim.info().body.capacity() <= most);
    }
}

// Refusals of proxies.

#[cfg(feature = "proxies")]
mod of_proxies {
    use super::*;
    use crate::transport::proxy::Proxies;

    const REFUSED: &str = "closed Proxy in Proxy by Peer, got 1006, sent 0, status 403";

    /// Connects to the proxy, which answers with this.
    fn answered(most: usize, answer: &str) -> Simulation {
        let mut sim = Simulation::new();
        begin(&mut sim, most);
        sim.server_sends(answer.as_bytes());
        sim
    }

    fn begin(sim: &mut Simulation, most: usize) {
        sim.begin_with("ws://10.0.0.1/", |config| {
            config.limits.max_refusal_body = most;
            config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| None).unwrap();
        });
        sim.connect_result(Ok(()));
    }

    #[test]
    fn the_body_of_a_proxy_is_reported() {
        for (answer, expected) in [
            ("HTTP/1.1 403 No\r\nVia: a\r\nContent-Length: 5\r\n\r\nhello", "hello"),
            ("HTTP/1.1 403 No\r\nVia: a\r\nContent-Length: 0\r\n\r\n", ""),
            ("HTTP/1.1 403 No\r\nVia: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello"),
            ("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 403 No\r\nVia: a\r\n\r\n0123456789abc", "0123456789"),
        ] {
            let scenario = |sim: &mut Simulation| {
                begin(sim, MOST);
                sim.server_sends(answer.as_bytes());
                if !sim.injects_failure() {
                    assert_eq!((body(sim), &sim.info().headers[..7]), (expected, "Via: a\n"), "{answer:?}");
                    assert!(sim.open_streams().is_empty());
                }
            };
            run_scenario(scenario, &[REFUSED]);
        }
        let sim = answered(0, "HTTP/1.1 403 No\r\n\r\n");
        assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], ""), "no body is read");
    }

    #[test]
    fn the_time_limit_of_the_proxy_holds_for_its_body() {
        let mut sim = Simulation::new();
        begin(&mut sim, MOST);
        sim.advance(400);
        sim.server_sends(b"HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhell");
        sim.advance(299);
        assert!(sim.events().is_empty());
        sim.advance(1);
        assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], "hell"));
        assert_eq!(sim.info().timings.proxy, LIMITS.proxy);
        for end in [Simulation::end_stream, Simulation::reset, Simulation::probe] {
            let mut sim = answered(MOST, "HTTP/1.1 403 No\r\n\r\nhell");
            assert!(sim.events().is_empty());
            end(&mut sim);
            assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], "hell"));
        }
    }

    #[test]
    fn a_body_ends_when_no_byte_of_it_comes_for_a_second() {
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", |config| {
            has_much_time(config);
            config.limits.proxy = Duration::from_secs(10);
            config.limits.max_refusal_body = MOST;
            config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| None).unwrap();
        });
        sim.connect_result(Ok(()));
        sim.server_sends(b"HTTP/1.1 403 No\r\n\r\nhell");
        sim.advance(SILENCE - 1);
        assert!(sim.events().is_empty());
        sim.advance(1);
        assert_eq!((sim.events(), body(&sim)), (vec![REFUSED.to_owned()], "hell"));
    }

    /// Cookies of a proxy are not cookies of the server.
    #[test]
    fn cookies_of_a_proxy_are_not_reported() {
        let sim = answered(MOST, "HTTP/1.1 403 No\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(
            (sim.info().cookies.as_str(), sim.info().headers.as_str()),
            ("", "Set-Cookie: a=1\nContent-Length: 0\n")
        );
    }

    /// After the tunnel, a refusal of the server has its own time and body.
    #[test]
    fn a_server_behind_a_proxy_can_refuse() {
        let mut sim = answered(MOST, "HTTP/1.1 200 OK\r\n\r\n");
        sim.advance(400);
        sim.server_sends(b"HTTP/1.1 403 No\r\nSet-Cookie: a=1\r\nContent-Length: 5\r\n\r\nhell");
        sim.advance(99);
        assert!(sim.events().is_empty());
        sim.advance(1);
        assert_eq!((sim.events(), body(&sim)), (vec![super::REFUSED.to_owned()], "hell"));
        assert_eq!(sim.info().cookies, "ws://10.0.0.1/ a=1\n");
    }
}
