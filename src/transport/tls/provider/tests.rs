//! Sessions that follow a script, with correct and with impossible results.

use super::super::handshake_step::HandshakeStep;
use super::super::peer::Peer;
use super::super::pins::{self, Pin};
use super::super::stream::MAX_RECORD;
use super::super::tls_info::TlsInfo;
use super::super::{Advance, Destination, Handshake, Settings, backends, connector};
use super::backend::{Connector, MidHandshake, Stream};
use super::*;
use crate::constants::*;
use crate::error::Error;
use crate::transport::Transport;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

const UP: u32 = EGRET_WS_TLS_ESTABLISHED;
const MORE: u32 = EGRET_WS_TLS_HAS_OUTPUT;
const BUSY: u32 = EGRET_WS_TLS_BUSY;
const CLOSED: u32 = EGRET_WS_TLS_PEER_CLOSED;

/// A call of the session, and its result.
type Scene = (Step, &'static [u8], Result<(u32, &'static [u8]), i32>);

/// A host whose sessions follow a script.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<Play>>);

#[derive(Default)]
struct Play {
    scenes: VecDeque<Scene>,
    /// This is added to the number of bytes of each result.
    surplus: usize,
    chain: Vec<u8>,
    live: usize,
    /// A call of `facts` is an error.
    is_silent: bool,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl HostTls for Script {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn new_context(&self, settings: &Settings) -> Result<Box<dyn HostContext>, Failure> {
        match settings.min_version {
            EGRET_WS_TLS_1_2 => Ok(Box::new(self.clone())),
            _ => Err(Failure { code: 77, message: "only 1.2".into() }),
        }
    }
}

impl HostContext for Script {
    fn open(&self, request: &Request) -> Result<Box<dyn HostSession>, Failure> {
        if request.name == "nobody" {
            return Err(Failure { code: EGRET_WS_ERR_TLS_ISSUER, message: String::new() });
        }
        self.0.lock().live += 1;
        Ok(Box::new(Actor(self.clone())))
    }
}

struct Actor(Script);

impl HostSession for Actor {
    fn step(&mut self, step: Step, input: &[u8], output: &mut [u8]) -> Reply {
        let mut play = self.0.0.lock();
        let (expected, bytes, result) = play.scenes.pop_front().expect("a call that is not in the script");
        assert_eq!((step, input), (expected, bytes));
        let least = if step == Step::Receive { 16 * 1024 } else { input.len() + 2048 };
        assert!(output.len() >= least, "{step:?} has room for {}", output.len());
        match result {
            Ok((state, bytes)) => {
                output[..bytes.len()].copy_from_slice(bytes);
                Reply { state, len: bytes.len() + play.surplus, ..Reply::default() }
            }
            Err(code) => Reply { code, message: "it is so".into(), ..Reply::default() },
        }
    }

    fn facts(&mut self) -> Facts {
        assert!(!self.0.0.lock().is_silent, "no call");
        let info = TlsInfo { version: 0x0999, cipher: "XOR".into(), ..TlsInfo::default() };
        Facts { info, chain: self.0.0.lock().chain.clone() }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.0.0.lock().live -= 1;
    }
}

/// The stream below.
#[derive(Default)]
struct Wire {
    input: VecDeque<u8>,
    ends: bool,
    output: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer) {
            Ok(0) if !self.ends => Err(ErrorKind::WouldBlock.into()),
            result => result,
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const HELLO: &[u8] = b"\x16\x03\x03\x00\x01a";
const OTHER: &[u8] = b"\x16\x03\x03\x00\x01b";

fn settings(min_version: u32) -> Settings {
    Settings { min_version, ..Settings::plain() }
}

type Opened = HandshakeStep<Stream<Wire>, MidHandshake<Wire>>;

/// Begins a handshake with this script, and this input of the peer.
fn begin(scenes: &[Scene], input: &[u8]) -> (Script, Opened) {
    let script = Script::default();
    script.0.lock().scenes = scenes.iter().copied().collect();
    let step = open(&script, "h", &[], input);
    (script, step)
}

fn open(script: &Script, name: &str, pins: &[Pin], input: &[u8]) -> Opened {
    let connector = Connector::build(script, &settings(EGRET_WS_TLS_1_2)).unwrap();
    let mut request =
        Request { peer: Peer::Server, name: String::new(), host: "h".into(), port: 443, resumes: true, socket: 7 };
    connector.connect(name, pins, &mut request, Wire { input: input.iter().copied().collect(), ..Wire::default() })
}

fn failure(step: Opened) -> (Error, String) {
    match step {
        HandshakeStep::Failed(failure, _) => (failure.error, failure.message),
        HandshakeStep::Done(_) => panic!("the handshake was accepted"),
        HandshakeStep::Waiting(_) => panic!("the handshake goes on"),
    }
}

#[test]
fn a_handshake_sends_receives_one_record_at_a_time_and_waits_while_the_host_works() {
    let scenes: &[Scene] = &[
        (Step::Send, b"", Ok((MORE, b"client "))),
        (Step::Send, b"", Ok((0, b"hello "))),
        (Step::Receive, HELLO, Ok((0, b""))),
        (Step::Receive, OTHER, Ok((BUSY, b""))),
        (Step::Send, b"", Ok((BUSY, b""))),
        (Step::Send, b"", Ok((UP | MORE, b"fin"))),
        (Step::Send, b"", Ok((UP, b"ished"))),
    ];
    let (script, step) = begin(scenes, &[HELLO, OTHER].concat());
    let HandshakeStep::Waiting(mid) = step else { panic!("the handshake does not wait") };
    let HandshakeStep::Waiting(mid) = mid.advance() else { panic!("the handshake does not wait") };
    let HandshakeStep::Done(stream) = mid.advance() else { panic!("it is not done") };
    assert_eq!(stream.get_ref().output, b"client hello finished");
    assert!(script.0.lock().scenes.is_empty() && script.0.lock().live == 1);
    drop(stream);
    assert_eq!(script.0.lock().live, 0);
}

#[test]
fn each_impossible_result_of_a_handshake_fails_with_its_reason() {
    let endless: Vec<Scene> = vec![(Step::Send, b"", Ok((MORE, b"x"))); 300];
    let table: &[(&[Scene], usize, &str)] = &[
        (&[(Step::Send, b"", Ok((0, b"abc")))], 10_000, "more bytes than there was room for"),
        (&[(Step::Send, b"", Ok((0, b"abc")))], usize::MAX - 3, "more bytes than there was room for"),
        (&[(Step::Send, b"", Ok((16, b"")))], 0, "an unknown state"),
        (&[(Step::Send, b"", Ok((MORE, b""))), (Step::Send, b"", Ok((MORE, b"")))], 0, "has output, but returns none"),
        (&endless, 0, "returns output endlessly"),
    ];
    for (scenes, surplus, text) in table {
        let script = Script::default();
        (script.0.lock().scenes, script.0.lock().surplus) = (scenes.iter().copied().collect(), *surplus);
        let (error, message) = failure(open(&script, "h", &[], b""));
        assert!(error == Error::Tls && message.contains(text), "{text}: {message}");
        assert!(message.starts_with("the TLS provider "), "{message}");
        assert_eq!(script.0.lock().live, 0, "{text}");
    }
    // The impossible result comes after the first step. The alert of that step is sent.
    for (state, data, text) in [(0, &b"data"[..], "data before the handshake"), (64, b"", "an unknown state")] {
        let scenes: &[Scene] =
            &[(Step::Send, b"", Ok((0, b""))), (Step::Receive, HELLO, Ok((state, data))), (Step::Send, b"", Err(-60))];
        let (script, step) = begin(scenes, HELLO);
        let (error, message) = failure(step);
        assert!(error == Error::Tls && message.contains(text), "{text}: {message}");
        assert_eq!(script.0.lock().live, 0, "{text}");
    }
}

#[test]
fn errors_are_those_of_the_host_or_name_the_unknown_number() {
    for (code, error) in [
        (EGRET_WS_ERR_TLS, Error::Tls),
        (EGRET_WS_ERR_TLS_EXPIRED, Error::TlsExpired),
        (EGRET_WS_ERR_TLS_HOST, Error::TlsHost),
        (EGRET_WS_ERR_TLS_ISSUER, Error::TlsIssuer),
        (EGRET_WS_ERR_TLS_OPTIONS, Error::TlsOptions),
        (EGRET_WS_ERR_NO_RESOURCES, Error::NoResources),
        (EGRET_WS_ERR_TLS_PIN, Error::Tls),
        (EGRET_WS_ERR_CONNECTION_LOST, Error::Tls),
        (5, Error::Tls),
    ] {
        let scenes: &[Scene] =
            &[(Step::Send, b"", Ok((0, b""))), (Step::Receive, HELLO, Err(code)), (Step::Send, b"", Err(code))];
        let (reported, message) = failure(begin(scenes, HELLO).1);
        assert_eq!(reported, error, "{code}");
        assert!(message.starts_with("it is so"), "{message}");
        assert_eq!(message.contains(&format!("the number {code}")), reported.code() != code, "{message}");
    }
    let (error, message) = failure(open(&Script::default(), "nobody", &[], b""));
    assert_eq!((error, &*message), (Error::TlsIssuer, "the TLS provider gives no reason"));
    let failed = Connector::build(&Script::default(), &settings(EGRET_WS_TLS_1_3)).err().unwrap();
    assert_eq!(failed.error, Error::TlsOptions);
    assert!(failed.message.contains("only 1.2") && failed.message.contains("77"), "{}", failed.message);
}

#[test]
fn an_alert_is_sent_after_a_failure_and_other_bytes_are_not_tls() {
    let scenes: &[Scene] =
        &[(Step::Send, b"", Ok((0, b"hi"))), (Step::Receive, HELLO, Err(-60)), (Step::Send, b"", Ok((0, b"alert")))];
    let script = Script::default();
    script.0.lock().scenes = scenes.iter().copied().collect();
    let HandshakeStep::Failed(..) = open(&script, "h", &[], HELLO) else { panic!("it was accepted") };
    assert!(script.0.lock().scenes.is_empty(), "the alert was asked for");
    let (error, message) = failure(begin(&[(Step::Send, b"", Ok((0, b"hi")))], b"HTTP/1.1 400").1);
    assert!(error == Error::Tls && message.contains("not a TLS record"), "{message}");
}

/// If the key of the peer is not one of the pins, it gets no output that may contain the certificate of this side.
#[test]
fn pins_are_checked_before_output_is_sent() {
    // The certificate has a serial number, four empty fields, and a key.
    let certificate = [&b"\x30\x12\x30\x10\x02\x01\x01"[..], &b"\x30\x00".repeat(4), b"\x30\x03key"].concat();
    let (right, other) = (pins::of_certificate(&certificate).unwrap(), [7; 32]);
    for (chain, pin, refusal) in [
        (&certificate[..], right, None),
        (&certificate, other, Some("is not one of the pinned keys")),
        (b"", right, Some("could not be read")),
    ] {
        for state in [MORE, BUSY] {
            let script = Script::default();
            script.0.lock().scenes = VecDeque::from([
                (Step::Send, &b""[..], Ok((0, &b"hi"[..]))),
                (Step::Receive, HELLO, Ok((state, b""))),
                (Step::Send, b"", Ok((UP, b" me"))),
            ]);
            let step = open(&script, "h", &[pin], b"");
            let HandshakeStep::Waiting(mut mid) = step else { panic!("the key is not known yet") };
            script.0.lock().chain = chain.to_vec();
            mid.get_mut().input.extend(HELLO);
            let step = match mid.advance() {
                HandshakeStep::Waiting(mut mid) if state == BUSY => {
                    assert_eq!(mid.get_mut().output, b"hi");
                    mid.advance()
                }
                step => step,
            };
            match (step, refusal) {
                (HandshakeStep::Done(stream), None) => assert_eq!(stream.get_ref().output, b"hi me"),
                (step, Some(refusal)) => {
                    let (error, message) = failure(step);
                    assert!(error == Error::TlsPin && message.contains(refusal), "{message}");
                }
                _ => panic!("the right key is refused"),
            }
        }
    }
}

/// While a session is busy, its facts are not read, so its output waits for the comparison with the pins.
#[test]
fn the_output_of_a_busy_session_waits_for_the_pins() {
    let certificate = [&b"\x30\x12\x30\x10\x02\x01\x01"[..], &b"\x30\x00".repeat(4), b"\x30\x03key"].concat();
    let right = pins::of_certificate(&certificate).unwrap();
    for (pin, is_right) in [(right, true), ([7; 32], false)] {
        let script = Script::default();
        script.0.lock().scenes = VecDeque::from([
            (Step::Send, &b""[..], Ok((0, &b"hi"[..]))),
            (Step::Receive, HELLO, Ok((BUSY | MORE, b""))),
            (Step::Send, b"", Ok((BUSY, b" certif"))),
            (Step::Send, b"", Ok((UP, b"icate"))),
        ]);
        let HandshakeStep::Waiting(mut mid) = open(&script, "h", &[pin], b"") else { panic!("it does not wait") };
        script.0.lock().chain.clone_from(&certificate);
        mid.get_mut().input.extend(HELLO);
        let HandshakeStep::Waiting(mut mid) = mid.advance() else { panic!("it does not wait for the host") };
        assert_eq!(mid.get_mut().output, b"hi");
        match mid.advance() {
            HandshakeStep::Done(stream) if is_right => assert_eq!(stream.get_ref().output, b"hi certificate"),
            step => assert_eq!(failure(step).0, Error::TlsPin),
        }
    }
}

/// The alert of a failed session is not treated as output to a wrong key: the reason of the failure is reported.
#[test]
fn a_failure_comes_before_a_wrong_pin() {
    let certificate = [&b"\x30\x12\x30\x10\x02\x01\x01"[..], &b"\x30\x00".repeat(4), b"\x30\x03key"].concat();
    let script = Script::default();
    script.0.lock().scenes = VecDeque::from([
        (Step::Send, &b""[..], Ok((0, &b"hi"[..]))),
        (Step::Receive, HELLO, Ok((BUSY, b""))),
        (Step::Send, b"", Ok((MORE, b"alert"))),
        (Step::Send, b"", Err(EGRET_WS_ERR_TLS_EXPIRED)),
    ]);
    let HandshakeStep::Waiting(mut mid) = open(&script, "h", &[[7; 32]], b"") else { panic!("it does not wait") };
    script.0.lock().chain = certificate;
    mid.get_mut().input.extend(HELLO);
    let HandshakeStep::Waiting(mid) = mid.advance() else { panic!("it does not wait for the host") };
    assert_eq!(failure(mid.advance()).0, Error::TlsExpired);
}

#[test]
fn facts_are_checked() {
    let scenes: &[Scene] = &[(Step::Send, b"", Ok((UP, b"hi")))];
    let (script, step) = begin(scenes, b"");
    let HandshakeStep::Done(mut stream) = step else { panic!("it is not done") };
    let (leaf, issuer) = ([0x30, 1, 7], [0x30, 2, 8, 9]);
    script.0.lock().chain = [&leaf[..], &issuer, &[0x31, 0]].concat();
    let info = stream.info();
    assert_eq!((info.version, &*info.cipher), (0, "XOR"), "there is no such version");
    assert_eq!(info.chain.to_vec(), [leaf.to_vec(), issuer.to_vec()]);
}

#[test]
fn the_peers_close_notify_ends_reading_and_earlier_states_are_refused() {
    let scenes: &[Scene] = &[
        (Step::Send, b"", Ok((UP, b""))),
        (Step::Receive, HELLO, Ok((UP | CLOSED, b"last"))),
        (Step::Send, b"more", Ok((UP, b"more"))),
    ];
    let (script, step) = begin(scenes, HELLO);
    let HandshakeStep::Done(mut stream) = step else { panic!("it is not done") };
    let mut buffer = [0; 2];
    assert_eq!(stream.read(&mut buffer).unwrap(), 2);
    assert_eq!((stream.read(&mut buffer).unwrap(), &buffer), (2, b"st"), "the rest of the record waits");
    assert_eq!(stream.read(&mut buffer).unwrap(), 0);
    assert!(stream.write(b"more").unwrap_err().to_string().contains("an earlier state"));
    assert_eq!(script.0.lock().live, 0);
}

#[test]
fn a_session_that_has_failed_keeps_its_reason() {
    let script = Script::default();
    script.0.lock().scenes = VecDeque::from([(Step::Send, &b"data"[..], Ok((UP | 64, &b""[..])))]);
    script.0.lock().live = 1;
    let mut session = session::Session::new(Box::new(Actor(script.clone())), &[]);
    let mut wire = Wire::default();
    let first = session.send(b"data", &mut wire).unwrap_err();
    assert_eq!(first.message, "the TLS provider returned an unknown state");
    // The script contains no other call.
    assert_eq!(session.receive(HELLO, &mut [0; MAX_RECORD], &mut wire), Err(first.clone()));
    assert_eq!(session.send(b"", &mut wire), Err(first.clone()));
    assert_eq!(session.close_notify(&mut wire), Err(first));
    assert_eq!((script.0.lock().live, wire.output.len()), (0, 0));
    assert_eq!(session.info().cipher, "XOR", "its facts are kept, too");
}

#[test]
fn output_that_comes_with_data_is_sent_at_once() {
    let scenes: &[Scene] = &[
        (Step::Send, b"", Ok((UP, b""))),
        (Step::Receive, HELLO, Ok((UP | MORE, b"data"))),
        (Step::Send, b"", Ok((UP, b"answer"))),
    ];
    for size in [4, MAX_RECORD] {
        let (script, step) = begin(scenes, HELLO);
        let HandshakeStep::Done(mut stream) = step else { panic!("it is not done") };
        assert_eq!(stream.read(&mut vec![0; size]).unwrap(), 4);
        // There may be no other event.
        assert_eq!(stream.get_ref().output, b"answer", "{size}");
        assert!(script.0.lock().scenes.is_empty());
    }
}

#[test]
fn data_comes_before_a_failure_of_the_output_that_came_with_it() {
    let scenes: &[Scene] = &[
        (Step::Send, b"", Ok((UP, b""))),
        (Step::Receive, HELLO, Ok((UP | MORE, b"data"))),
        (Step::Send, b"", Ok((64, b""))),
    ];
    let (_, step) = begin(scenes, HELLO);
    let HandshakeStep::Done(mut stream) = step else { panic!("it is not done") };
    let mut buffer = [0; 8];
    assert_eq!(stream.read(&mut buffer).unwrap(), 4);
    assert!(stream.read(&mut buffer).unwrap_err().to_string().contains("an unknown state"));
}

/// While the session is busy, the script contains only a call of `send`.
#[test]
fn a_busy_session_is_left_alone() {
    let scenes: &[Scene] = &[(Step::Send, b"", Ok((UP, b""))), (Step::Receive, HELLO, Ok((UP | BUSY, b"data")))];
    let (script, step) = begin(scenes, HELLO);
    let HandshakeStep::Done(mut stream) = step else { panic!("it is not done") };
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 4);
    script.0.lock().is_silent = true;
    stream.shutdown().unwrap();
    assert_eq!(stream.info(), TlsInfo::default());
    let wait: &[Scene] = &[(Step::Send, b"", Ok((UP | BUSY, b""))), (Step::Send, b"", Ok((UP | BUSY, b"")))];
    script.0.lock().scenes.extend(wait);
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(stream.write(b"x").unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(stream);
    assert_eq!(script.0.lock().live, 0);
}

#[test]
fn a_busy_session_that_fails_gives_its_facts_and_an_alert() {
    let scenes: &[Scene] = &[
        (Step::Send, b"", Ok((0, b"hi"))),
        (Step::Receive, HELLO, Ok((BUSY, b""))),
        (Step::Send, b"", Err(EGRET_WS_ERR_TLS_ISSUER)),
        (Step::Send, b"", Ok((0, b"alert"))),
    ];
    let (script, step) = begin(scenes, HELLO);
    let HandshakeStep::Waiting(mid) = step else { panic!("it does not wait") };
    let HandshakeStep::Failed(failure, info) = mid.advance() else { panic!("it does not fail") };
    assert_eq!((failure.error, &*failure.message, &*info.cipher), (Error::TlsIssuer, "it is so", "XOR"));
    let play = script.0.lock();
    assert!(play.scenes.is_empty() && play.live == 0, "the alert was asked for");
}

#[test]
fn a_close_notify_ends_a_handshake() {
    let scenes: &[Scene] = &[(Step::Send, b"", Ok((0, b"hi"))), (Step::Receive, HELLO, Ok((CLOSED, b"")))];
    let (error, message) = failure(begin(scenes, HELLO).1);
    assert_eq!(error, Error::Tls);
    assert!(message.contains("close_notify"), "{message}");
}

#[test]
fn an_idle_stream_keeps_no_buffer() {
    const RECORD: [u8; 16_005] = {
        let [high, low] = 16_000u16.to_be_bytes();
        let mut record = [b'd'; 16_005];
        (record[0], record[1], record[2], record[3], record[4]) = (23, 3, 3, high, low);
        record
    };
    static BYTES: [u8; 16_005] = RECORD;
    let (record, long) = (&BYTES[..], &BYTES[5..]);
    for (buffer, dataless) in [(MAX_RECORD, false), (1000, false), (1000, true)] {
        let received: Scene = (Step::Receive, record, Ok((UP, if dataless { b"" } else { long })));
        let (_, step) = begin(&[(Step::Send, b"", Ok((UP, b""))), received], record);
        let HandshakeStep::Done(mut stream) = step else { panic!("it is not done") };
        let mut count = 0;
        while let Ok(more) = stream.read(&mut vec![0; buffer]) {
            count += more;
            if stream.is_taken() {
                break;
            }
        }
        stream.rest();
        assert_eq!((count, stream.kept_memory()), (if dataless { 0 } else { 16_000 }, 0), "{buffer} {dataless}");
    }
}

/// A stream of bytes that were sent before the peer ended it. Writing fails.
struct Broken(VecDeque<u8>);

impl Transport for Broken {
    fn short_read_is_last(&self) -> bool {
        false
    }

    fn note_hangup(&mut self) {}

    fn poll_connected(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Ok(0) => Err(ErrorKind::WouldBlock.into()),
            result => result,
        }
    }

    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::BrokenPipe.into())
    }

    fn end_writing(&mut self) {}

    fn reset_on_drop(&mut self) {}
}

/// Begins a handshake over a stream whose peer has sent a record before it ended.
fn begin_broken(scenes: &[Scene]) -> Handshake<Broken> {
    let script = Script::default();
    script.0.lock().scenes = scenes.iter().copied().collect();
    let context = Connector::build(&script, &settings(EGRET_WS_TLS_1_2)).unwrap();
    let connector = connector::Connector { backend: backends::Connector::Host(context), infos: Arc::default() };
    let (name, host, pins) = ("h", "h", &[][..]);
    let destination = Destination { peer: Peer::Server, name, host, port: 443, pins, resumes: true, socket: 7 };
    Handshake::begin(&connector, &destination, Broken(HELLO.iter().copied().collect()))
}

/// A caller whose write has failed reads until no more bytes are available. It must wait for a busy session.
#[test]
fn a_stream_reports_that_it_is_busy_after_a_failed_write() {
    let scenes: &[Scene] = &[
        (Step::Send, b"", Ok((UP, b""))),
        (Step::Send, b"x", Ok((UP | BUSY, b"X"))),
        (Step::Send, b"", Ok((UP | BUSY, b""))),
        (Step::Send, b"", Ok((UP, b""))),
        (Step::Receive, HELLO, Ok((UP, b"data"))),
    ];
    let Ok(Advance::Done(mut tls)) = begin_broken(scenes).advance() else { panic!("it is not done") };
    assert!(!tls.is_busy());
    assert_eq!(tls.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(tls.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(tls.is_busy());
    assert_eq!(tls.read(&mut [0; 9]).unwrap(), 4);
    assert!(!tls.is_busy());
}

#[test]
fn a_busy_handshake_reads_bytes_of_the_peer_although_writing_has_failed() {
    let scenes: &[Scene] = &[
        (Step::Send, b"", Ok((BUSY, b"hi"))),
        (Step::Send, b"", Ok((0, b""))),
        (Step::Receive, HELLO, Err(EGRET_WS_ERR_TLS)),
        (Step::Send, b"", Ok((0, b""))),
    ];
    let mut handshake = begin_broken(scenes);
    assert!(matches!(handshake.advance(), Ok(Advance::Wait)));
    let failure = handshake.advance().err().unwrap();
    assert!(failure.error == Error::Tls && failure.message.ends_with("it is so"), "{}", failure.message);
}

/// The buffer of output is full, because the peer does not read.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_step_without_output_needs_no_room() {
    let script = Script::default();
    let wait: Scene = (Step::Send, b"", Ok((UP | BUSY, b"")));
    script.0.lock().scenes = VecDeque::from([wait, wait, (Step::Send, b"", Ok((UP, b"x")))]);
    script.0.lock().live = 1;
    let mut session = session::Session::new(Box::new(Actor(script)), &[]);
    session.resume(&mut Full).unwrap();
    session.resume(&mut Full).unwrap();
    assert!(session.resume(&mut Full).unwrap_err().message.contains("no room"));
}
