use super::*;
use crate::connection::report::{Ending, Initiator, Phase};
use crate::limited_memory;

fn payloads(batch: &mut Batch) -> Vec<Vec<u8>> {
    let whats: Vec<_> = batch.events().iter().map(|event| event.what).collect();
    let payload = |what| match what {
        EventKind::LargeMessage { index, len, .. } => Some(batch.large(index, len as usize).to_vec()),
        _ => batch.small_message(what).map(|(_, payload)| payload.to_vec()),
    };
    whats.into_iter().filter_map(payload).collect()
}

#[test]
fn batches_join_in_order_with_their_payloads() {
    let big = vec![7; LARGE];
    let mut first = Box::<Batch>::default();
    let mut second = Box::<Batch>::default();
    first.message(1, MessageKind::Text, Payload::InPlace(b"one")).unwrap();
    first.message(1, MessageKind::Binary, Payload::Assembled(&mut big.clone())).unwrap();
    second.message(2, MessageKind::Text, Payload::InPlace(b"two")).unwrap();
    second.message(2, MessageKind::Text, Payload::Assembled(&mut b"three".to_vec())).unwrap();
    second.message(2, MessageKind::Text, Payload::Assembled(&mut big.clone())).unwrap();
    first.append(&mut second).unwrap();
    assert!(second.is_empty());
    assert_eq!(payloads(&mut first), [b"one".to_vec(), big.clone(), b"two".to_vec(), b"three".to_vec(), big]);
    let mut third = Box::<Batch>::default();
    third.append(&mut first).unwrap();
    assert_eq!(payloads(&mut third).len(), 5);
}

#[test]
fn an_empty_batch_keeps_little_memory_whether_cleared_or_appended() {
    for into_another in [false, true] {
        let (mut first, mut second) = (Box::<Batch>::default(), Box::<Batch>::default());
        first.message(1, MessageKind::Binary, Payload::InPlace(b"before")).unwrap();
        for _ in 0..KEPT_BYTES / 8 {
            second.message(1, MessageKind::Binary, Payload::InPlace(b"ten bytes.")).unwrap();
        }
        for _ in 0..KEPT_BYTES_OF_RARE {
            second.connected(1, ConnectInfo::default());
        }
        second.large.resize_with(KEPT_BYTES_OF_RARE, Vec::new);
        if into_another {
            first.append(&mut second).unwrap();
        }
        second.clear();
        assert!(second.kept_memory() <= 2 * KEPT_BYTES + 3 * KEPT_BYTES_OF_RARE, "{}", second.kept_memory());
    }
}

/// A read buffer of two text messages, with a header between them.
fn filled(bytes: &[u8; 8]) -> Box<[u8]> {
    Box::from(*bytes)
}

fn add_two(batch: &mut Batch, key: usize) {
    batch.in_place(key, MessageKind::Text, 0, 3).unwrap();
    batch.in_place(key, MessageKind::Text, 5, 2).unwrap();
}

#[test]
fn messages_in_place_survive_the_next_read() {
    let mut batch = Batch::default();
    let mut buffer = filled(b"one\x81\x02TWO");
    add_two(&mut batch, 1);
    assert!(batch.keep_messages(&mut buffer));
    assert_eq!(buffer.len(), 8, "the engine has another buffer to read into");
    // The batch already has a buffer, so it copies the messages of the next reads.
    for bytes in [b"abc\x81\x02DEF", b"ghi\x81\x02JKL"] {
        buffer.copy_from_slice(bytes);
        add_two(&mut batch, 2);
        assert!(batch.keep_messages(&mut buffer));
    }
    buffer.fill(b'-');
    assert!(batch.keep_messages(&mut buffer)); // there are no new messages
    assert_eq!(payloads(&mut batch), [&b"one"[..], b"TW", b"abc", b"DE", b"ghi", b"JK"]);
    batch.clear();
    assert!(batch.is_empty());
    add_two(&mut batch, 3);
    assert!(batch.keep_messages(&mut buffer));
    buffer.fill(b'x');
    assert_eq!(payloads(&mut batch), [b"---".to_vec(), b"--".to_vec()]);
}

#[test]
fn batches_join_with_their_read_buffers() {
    for (one, two) in [(false, false), (false, true), (true, false), (true, true)] {
        let (mut first, mut second) = (Box::<Batch>::default(), Box::<Batch>::default());
        for (batch, keeps, bytes) in [(&mut first, one, b"one\x81\x02TWO"), (&mut second, two, b"abc\x81\x02DEF")] {
            batch.drained(0);
            if keeps {
                add_two(batch, 1);
                assert!(batch.keep_messages(&mut filled(bytes)));
            } else {
                batch.message(1, MessageKind::Text, Payload::InPlace(&bytes[..3])).unwrap();
                batch.message(1, MessageKind::Text, Payload::InPlace(&bytes[5..7])).unwrap();
            }
        }
        first.append(&mut second).unwrap();
        second.clear();
        second.drained(0);
        add_two(&mut second, 1);
        assert!(second.keep_messages(&mut filled(b"ghi\x81\x02JKL")));
        assert_eq!(payloads(&mut first), [&b"one"[..], b"TW", b"abc", b"DE"], "{one} {two}");
        assert_eq!(payloads(&mut second), [&b"ghi"[..], b"JK"]);
    }
}

#[test]
fn batches_do_not_change_without_memory() {
    let (mut first, mut second) = (Box::<Batch>::default(), Box::<Batch>::default());
    for batch in [&mut first, &mut second] {
        for _ in 0..3 {
            batch.message(1, MessageKind::Text, Payload::InPlace(&[b'x'; 15_000])).unwrap();
        }
    }
    assert!(limited_memory::with_largest(80_000, || first.append(&mut second)).is_err());
    assert_eq!((payloads(&mut first).len(), payloads(&mut second).len()), (3, 3));
    let refused =
        limited_memory::with_largest(50_000, || first.message(1, MessageKind::Text, Payload::InPlace(&[b'x'; 20_000])));
    assert!(refused.is_err());
    assert_eq!(payloads(&mut first).len(), 3);
    first.append(&mut second).unwrap();
    assert_eq!(payloads(&mut first), vec![vec![b'x'; 15_000]; 6]);
}

#[test]
fn messages_without_memory_are_dropped_and_reported() {
    let report = Report::new(Ending::clean(Initiator::Peer), Phase::Closing);
    let mut batch = Batch::default();
    let mut buffer = vec![b'x'; 60_000].into_boxed_slice();
    let kept = limited_memory::with_largest(30_000, || {
        for start in [0, 10_000, 20_000, 40_000] {
            batch.in_place(1, MessageKind::Binary, start, 9_000).unwrap();
        }
        batch.drained(1);
        batch.closed(1, report, None);
        batch.keep_messages(&mut buffer)
    });
    let dropped = batch.take_dropped();
    assert!(!kept && !dropped.is_empty() && dropped.iter().all(|len| *len == 9_000));
    assert_eq!(payloads(&mut batch).len() + dropped.len(), 4);
    let [.., Event { what: EventKind::Drained, .. }, Event { what: EventKind::Closed { index }, .. }] = *batch.events()
    else {
        panic!("{:?}", batch.events())
    };
    let Some(RareEvent { kind: RareKind::Closed, report: Some(report), .. }) =
        batch.take_rare(EventKind::Closed { index })
    else {
        panic!()
    };
    assert!(report.error == Some(Error::NoResources) && report.message.starts_with(NO_MEMORY), "{report:?}");
}

#[test]
fn an_event_is_small() {
    assert!(size_of::<Event>() <= 3 * size_of::<u64>());
}

#[test]
fn text_is_followed_by_a_nul() {
    let mut batch = Batch::default();
    batch.message(0, MessageKind::Text, Payload::InPlace(b"abc")).unwrap();
    batch.message(0, MessageKind::Text, Payload::Assembled(&mut vec![b'x'; LARGE])).unwrap();
    assert_eq!(batch.payloads[3], 0);
    assert_eq!(batch.large[0].len(), LARGE + 1);
    assert_eq!(batch.large[0][LARGE], 0);
    let mut batch = Batch::default();
    batch.in_place(0, MessageKind::Text, 0, 3).unwrap();
    assert!(batch.keep_messages(&mut filled(b"abc\x81\x02def")));
    assert_eq!(payloads(&mut batch), [b"abc"]);
    assert_eq!(batch.read[3], 0);
}
