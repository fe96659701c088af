use super::*;
use crate::connection::report::{Ending, Phase, Report};
use crate::error::Error;
use crate::limited_memory;
use crate::protocol::message::Payload;

const KEY: usize = 3;
const FRAME: FrameHead = FrameHead { opcode: 9, fin: true, is_compressed: false, length: 5 };

/// A batch with these events: `m` a message, `l` a large one, `p` a pong, `f` a frame, `d` a drain event, `r` a retry event, `c` a close event.
fn batch(events: &str) -> Box<Batch> {
    let mut batch = Box::<Batch>::default();
    for event in events.chars() {
        let report = || Report::new(Ending::internal(), Phase::Open);
        match event {
            'm' => batch.message(KEY, MessageKind::Text, Payload::InPlace(b"text")).unwrap(),
            'l' => batch.message(KEY, MessageKind::Binary, Payload::Assembled(&mut vec![7; 100_000])).unwrap(),
            'p' => batch.pong(KEY, b"pong").unwrap(),
            'f' => batch.frame(KEY, Direction::Received, FRAME).unwrap(),
            'd' => batch.drained(KEY),
            'r' => batch.retrying(KEY, report(), None, 1, 0),
            _ => batch.closed(KEY, report(), None),
        }
    }
    batch
}

/// Offers all events, and returns those that do not have to wait.
fn hold_all(held: &mut Held, events: &str) -> String {
    let mut batch = batch(events);
    let kinds = Vec::from_iter(batch.events().iter().map(|event| event.what));
    let passes = |(what, event): (EventKind, char)| match held.hold(KEY, what, &mut batch) {
        Holding::NotNeeded => Some(event),
        _ => None,
    };
    kinds.into_iter().zip(events.chars()).filter_map(passes).collect()
}

/// The letter of an event, and the error of its report.
fn describe(event: &HeldEvent) -> (char, Option<Error>) {
    match event {
        HeldEvent::Message { kind: MessageKind::Text, len, bytes } => {
            assert_eq!((*len, &bytes[..]), (4, &b"text\0"[..]));
            ('m', None)
        }
        HeldEvent::Message { len, bytes, .. } => {
            assert!(*len == 100_000 && bytes[..*len] == vec![7; 100_000]);
            ('l', None)
        }
        HeldEvent::Pong(payload) => {
            assert_eq!(payload, b"pong");
            ('p', None)
        }
        HeldEvent::Frame(direction, frame) => {
            assert_eq!((*direction, *frame), (Direction::Received, FRAME));
            ('f', None)
        }
        HeldEvent::Rare(event) => {
            let error = event.report.as_ref().and_then(|report| report.error);
            match event.kind {
                RareKind::Asked { .. } => ('a', None),
                RareKind::Drained => ('d', None),
                RareKind::Retrying { .. } => ('r', error),
                RareKind::Closed => ('c', error),
                RareKind::Connected => panic!("the test adds no connect event"),
            }
        }
    }
}

/// Takes and returns the events that may be dispatched.
fn take_all(held: &mut Held, holds_messages: bool) -> String {
    let mut taken = String::new();
    while let Some(key) = held.next_ready() {
        assert_eq!(key, KEY);
        match held.next(key, holds_messages) {
            Next::Event(event) | Next::Last(event) => taken.push(describe(&event).0),
            Next::Nothing => {}
        }
    }
    taken
}

#[test]
fn messages_wait_and_others_wait_only_behind_what_is_not_a_message() {
    for (events, passing, waiting) in [
        ("pdrc", "pdrc", ""),
        ("mpd", "pd", "m"),
        ("pmlpdrpdmc", "ppd", "mlrpdmc"),
        ("mc", "", "mc"),
        ("mrdpm", "", "mrdpm"),
        ("fmff", "fff", "m"),
        ("mfrfmfc", "f", "mrfmfc"),
    ] {
        let mut held = Held::default();
        assert_eq!(hold_all(&mut held, events), passing, "{events}");
        assert_eq!((held.has(KEY), held.next_ready()), (!waiting.is_empty(), None));
        held.make_ready(KEY);
        assert_eq!(take_all(&mut held, false), waiting, "{events}");
        assert!(!held.has(KEY));
    }
}

#[test]
fn another_pause_holds_the_rest_back_from_its_next_message_on() {
    let mut held = Held::default();
    hold_all(&mut held, "mrpmc");
    held.make_ready(KEY);
    assert_eq!(take_all(&mut held, true), "");
    held.make_ready(KEY);
    assert!(matches!(held.next(KEY, false), Next::Event(HeldEvent::Message { .. })));
    assert_eq!(take_all(&mut held, true), "rp");
    held.make_ready(KEY);
    held.make_ready(KEY); // a second call has no effect
    assert_eq!(take_all(&mut held, false), "mc");
}

/// Without memory, a message and all later ones are dropped. The next report contains the loss.
#[test]
fn messages_without_memory_are_dropped_with_all_later_ones() {
    let mut held = Held::default();
    assert_eq!(hold_all(&mut held, "m"), "");
    let mut later = Box::<Batch>::default();
    later.message(KEY, MessageKind::Binary, Payload::InPlace(&[7; 10_000])).unwrap();
    let what = later.events()[0].what;
    let dropped = limited_memory::with_largest(5000, || held.hold(KEY, what, &mut later));
    assert_eq!(dropped, Holding::Dropped(10_000));
    assert_eq!(held.hold(KEY, what, &mut later), Holding::Dropped(10_000), "there is memory again");
    assert_eq!(hold_all(&mut held, "mprmc"), "");
    held.make_ready(KEY);
    let mut taken = Vec::new();
    while held.next_ready().is_some() {
        if let Next::Event(event) | Next::Last(event) = held.next(KEY, false) {
            taken.push(describe(&event));
        }
    }
    assert_eq!(taken, [('m', None), ('r', Some(Error::NoResources)), ('c', Some(Error::NoResources))]);
    assert!(!held.has(KEY));
}

/// A report after dropped messages does not wait for a resume, because no message is before it.
#[test]
fn reports_of_dropped_messages_are_ready_at_once() {
    let mut held = Held::default();
    let mut all = batch("c");
    all.message(KEY, MessageKind::Binary, Payload::InPlace(&[7; 10_000])).unwrap();
    let (close, message) = (all.events()[0].what, all.events()[1].what);
    assert_eq!(limited_memory::with_largest(5000, || held.hold(KEY, message, &mut all)), Holding::Dropped(10_000));
    assert!(held.has(KEY) && held.next_ready().is_none());
    assert_eq!(held.hold(KEY, close, &mut all), Holding::Held);
    assert_eq!(take_all(&mut held, true), "c");
}
