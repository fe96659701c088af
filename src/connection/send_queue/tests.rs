use super::super::framer::Framer;
use super::super::gate::State;
use super::*;
use crate::limited_memory;
use crate::protocol::mask::{self, zero_keys};
use parking_lot::Mutex;
use std::cell::Cell;

/// Sends a message, with the checks of `Socket::send`.
fn push(queue: &mut SendQueue, kind: MessageKind, payload: &[u8]) -> Result<Flush, Error> {
    if kind == MessageKind::Text && str::from_utf8(payload).is_err() {
        return Err(queue.refuse_text(payload.len()));
    }
    queue.push(kind, payload)
}

fn notify_connect(queue: &mut SendQueue) {
    assert!(queue.notify_connect());
}

fn open_queue(max_message: usize, max_buffer: usize) -> SendQueue {
    open_queue_with(SendQueue::new(max_message, max_buffer, zero_keys()), false, false)
}

fn open_queue_with(mut queue: SendQueue, deflates: bool, keeps: bool) -> SendQueue {
    queue.connect(deflates, keeps);
    notify_connect(&mut queue);
    queue
}

/// Loses the connection, and prepares for the next one.
fn lose_and_retry(queue: &mut SendQueue, keeps: bool, taken: MessageChunk) -> bool {
    queue.lose();
    queue.retry(keeps, taken)
}

/// Returns the masked frames in `wire`: their first bytes, payloads and keys.
fn frames(wire: &[u8]) -> Vec<(u8, Vec<u8>, [u8; 4])> {
    let (mut rest, mut frames) = (wire, Vec::new());
    while let [first, second, ..] = *rest {
        let (len, header) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 8),
            127 => (u64::from_be_bytes(*rest[2..].first_chunk().unwrap()) as usize, 14),
            short => (usize::from(short), 6),
        };
        let key = *rest[..header].last_chunk().unwrap();
        let mut payload = rest[header..header + len].to_vec();
        mask::apply(&mut payload, key);
        frames.push((first, payload, key));
        rest = &rest[header + len..];
    }
    frames
}

#[test]
fn messages_without_memory_are_refused_whole() {
    for keeps in [false, true] {
        let mut queue = open_queue_with(SendQueue::new(131_072, 1 << 20, zero_keys()), false, keeps);
        assert_eq!(push(&mut queue, MessageKind::Binary, b"one"), Ok(Flush::Soon));
        let before = (queue.payload_bytes(), queue.stats(), queue.unsent());
        let large = vec![7; 100_000];
        let refused = limited_memory::with_largest(50_000, || push(&mut queue, MessageKind::Binary, &large));
        assert_eq!(refused, Err(Error::NoResources));
        assert_eq!((queue.payload_bytes(), queue.stats(), queue.unsent()), before);
        // There is memory for a smaller message and for the Close frame, but not for a buffer of the pool.
        limited_memory::with_largest(50_000, || {
            assert!(push(&mut queue, MessageKind::Binary, &large[..40_000]).is_ok());
            assert!(queue.close_by_host(&1000u16.to_be_bytes()));
        });
        let sizes: Vec<usize> = if keeps {
            let mut chunk = MessageChunk::default();
            let mut sizes = Vec::new();
            while queue.take_messages(&mut chunk) {
                assert!(!chunk.is_empty());
                sizes.extend(chunk.iter().map(|(_, payload)| payload.len()));
            }
            sizes
        } else {
            let (mut out, mut wire) = (Vec::new(), Vec::new());
            while queue.take_frames(&mut out) {
                assert!(!out.is_empty());
                wire.extend_from_slice(&out);
            }
            frames(&wire).iter().map(|(_, payload, _)| payload.len()).collect()
        };
        assert_eq!(sizes, [3, 40_000, 2]);
    }
}

#[test]
fn messages_without_memory_for_their_entry_are_removed() {
    let mut queue = open_queue(131_072, 1 << 20);
    let mut accepted = 0;
    let refused = limited_memory::with_largest(2 * SMALL, || {
        std::iter::repeat_with(|| push(&mut queue, MessageKind::Binary, b"x")).find_map(|pushed| {
            accepted += usize::from(pushed.is_ok());
            pushed.err()
        })
    });
    assert_eq!(refused, Some(Error::NoResources));
    assert_eq!(
        (queue.unsent().0 as usize, queue.payload_bytes(), queue.stats().waiting),
        (accepted, accepted, 7 * accepted)
    );
    let (mut out, mut taken) = (Vec::new(), 0);
    while queue.take_frames(&mut out) {
        assert!(!out.is_empty());
        taken += out.len();
    }
    assert_eq!(taken, 7 * accepted);
}

#[test]
fn keeping_messages_needs_no_memory_for_them() {
    let mut queue = open_queue_with(SendQueue::new(131_072, 1 << 20, zero_keys()), false, true);
    for message in [&[7; 10][..], &[7; 90_000], &[7; 20], &[7; 90_000]] {
        push(&mut queue, MessageKind::Binary, message).unwrap();
    }
    let mut taken = MessageChunk::default();
    assert!(queue.take_messages(&mut taken));
    assert_eq!((taken.len(), queue.note_written(20)), (3, false));
    assert!(limited_memory::with_largest(100, || lose_and_retry(&mut queue, true, taken)));
    assert_eq!((queue.unreported(), queue.unsent(), queue.payload_bytes()), ((0, 0), (3, 180_020), 180_020));
}

#[test]
fn refused_messages_name_the_first_reason() {
    let mut queue = SendQueue::new(10, 40, zero_keys());
    assert_eq!(push(&mut queue, MessageKind::Text, b"\xff"), Err(Error::NotOpen));
    let mut queue = open_queue_with(queue, false, false);
    assert_eq!(push(&mut queue, MessageKind::Text, b"hello world"), Err(Error::MessageTooBig));
    assert_eq!(push(&mut queue, MessageKind::Text, b"\xff"), Err(Error::InvalidUtf8));
    assert_eq!(push(&mut queue, MessageKind::Binary, b"\xff"), Ok(Flush::Soon));
    assert_eq!(push(&mut queue, MessageKind::Text, b"0123456789"), Ok(Flush::Requested));
    assert_eq!(push(&mut queue, MessageKind::Text, b"0123456789"), Ok(Flush::Requested)); // 7 + 16 + 16 of 40
    assert_eq!(push(&mut queue, MessageKind::Text, b""), Err(Error::Backpressure));
    assert_eq!(push(&mut queue, MessageKind::Text, b"\xff"), Err(Error::Backpressure));
    assert_eq!(queue.unsent(), (3, 21));
    queue.close_by_library(b"");
    assert_eq!(push(&mut queue, MessageKind::Text, b"late"), Err(Error::NotOpen));
}

#[test]
fn refusals_are_explained() {
    let mut queue = SendQueue::new(10, 40, zero_keys());
    let explain = |queue: &SendQueue, error| {
        let explained = queue.explain(error, 11);
        assert_eq!(explained.error, error);
        explained.detail.into_owned()
    };
    let not_open = |queue: &SendQueue| explain(queue, Error::NotOpen);
    assert_eq!(not_open(&queue), "the socket is still connecting: send after on_connect");
    let _ = queue.connect(false, false);
    assert_eq!(not_open(&queue), "the socket is still connecting: send after on_connect");
    assert!(queue.notify_connect());
    // A send on another thread may have been refused just before.
    assert_eq!(not_open(&queue), "the socket is not open: send after on_connect, and before a close");
    assert_eq!(explain(&queue, Error::MessageTooBig), "the message is 11 bytes long, and max_message_bytes is 10");
    assert_eq!(explain(&queue, Error::Backpressure), "the send queue is full: send again in on_drain");
    let again = "the socket waits to connect again, or is connecting again: send after the next on_connect";
    queue.lose();
    assert!(queue.retry(false, MessageChunk::default()));
    assert_eq!(not_open(&queue), again);
    assert!(queue.notify_retry(true));
    assert_eq!(not_open(&queue), again);
    assert!(queue.close_by_host(b""));
    assert_eq!(not_open(&queue), "the socket is closing: nothing more can be sent");
    queue.end();
    assert_eq!(not_open(&queue), "the socket is closing: nothing more can be sent");
    queue.notify_close();
    assert_eq!(not_open(&queue), "the socket is closed: make a new one to connect again");
}

#[test]
fn messages_count_until_their_last_byte_is_written() {
    let mut queue = open_queue(100, 1000);
    push(&mut queue, MessageKind::Text, b"abc").unwrap(); // 9 bytes on the wire
    push(&mut queue, MessageKind::Text, b"").unwrap(); // 6
    push(&mut queue, MessageKind::Text, b"de").unwrap(); // 8
    let mut out = Vec::new();
    assert!(queue.take_frames(&mut out));
    assert_eq!(out.len(), 23);
    let step = |_: &u8| {
        let _ = queue.note_written(1);
        queue.unsent()
    };
    let unsent: Vec<_> = out.iter().map(step).collect();
    assert_eq!(unsent[7], (3, 5));
    assert_eq!(unsent[8], (2, 2));
    assert_eq!(unsent[14], (1, 2));
    assert_eq!(unsent[22], (0, 0));
    assert!(!queue.take_frames(&mut out));
}

#[test]
fn long_queues_are_taken_in_chunks_and_in_order() {
    let mut queue = open_queue(BufferPool::SIZE, usize::MAX);
    let mut messages = open_queue_with(SendQueue::new(BufferPool::SIZE, usize::MAX, zero_keys()), true, false);
    for number in 0..100u8 {
        push(&mut queue, MessageKind::Binary, &[number; 10_000]).unwrap();
        push(&mut messages, MessageKind::Binary, &[number; 10_000]).unwrap();
    }
    let (mut out, mut chunk, mut numbers) = (Vec::new(), MessageChunk::default(), Vec::new());
    while queue.take_frames(&mut out) {
        assert!(out.len() <= BufferPool::SIZE, "control frames wait until one chunk is written");
        let numbers_in_chunk: Vec<_> = out.chunks(10_008).map(|frame| frame[8]).collect();
        assert!(messages.take_messages(&mut chunk));
        assert!(
            chunk.iter().map(|(_, payload)| payload[0]).eq(numbers_in_chunk.iter().copied()),
            "both forms have equal chunks"
        );
        numbers.extend(numbers_in_chunk);
        let _ = (queue.note_written(out.len()), messages.note_written(out.len()));
        out.clear();
    }
    assert_eq!(numbers, Vec::from_iter(0..100));
    assert_eq!((queue.unsent(), messages.unsent(), messages.is_empty()), ((0, 0), (0, 0), true));
}

#[test]
fn empty_messages_are_taken_in_chunks_too() {
    let mut queue = open_queue_with(SendQueue::new(100, usize::MAX, zero_keys()), true, false);
    for _ in 0..50_000 {
        push(&mut queue, MessageKind::Binary, b"").unwrap();
    }
    let mut chunk = MessageChunk::default();
    assert!(queue.take_messages(&mut chunk));
    assert_eq!(chunk.len(), BufferPool::SIZE / 6);
}

#[test]
fn queues_keep_little_memory_after_a_burst() {
    for size in [1, 100, 1000, 15_000, 20_000] {
        let mut queue = open_queue(BufferPool::SIZE, usize::MAX);
        for _ in 0..300_000 / size {
            push(&mut queue, MessageKind::Binary, &vec![0; size]).unwrap();
        }
        let mut out = Vec::new();
        while queue.take_frames(&mut out) {
            let _ = queue.note_written(out.len());
        }
        assert!(queue.buffers.spare.capacity() <= SMALL && out.capacity() <= SMALL, "{size}");
    }
}

#[test]
fn flush_is_requested_once_until_the_queue_was_found_empty() {
    let mut queue = open_queue(100, 1000);
    assert_eq!(push(&mut queue, MessageKind::Text, b"a"), Ok(Flush::Soon));
    assert_eq!(push(&mut queue, MessageKind::Text, b"b"), Ok(Flush::Requested));
    let mut out = Vec::new();
    assert!(queue.take_frames(&mut out));
    assert_eq!(push(&mut queue, MessageKind::Text, b"c"), Ok(Flush::NotNeeded)); // the connection will check again
    out.clear();
    assert!(queue.take_frames(&mut out));
    out.clear();
    assert!(!queue.take_frames(&mut out));
    assert_eq!(push(&mut queue, MessageKind::Text, b"d"), Ok(Flush::Soon));
}

#[test]
fn flush_is_requested_at_once_when_much_waits() {
    let mut queue = open_queue(BufferPool::SIZE, usize::MAX);
    let half = [0; MUCH / 2];
    let flushes: Vec<_> = (0..4).map(|_| push(&mut queue, MessageKind::Binary, &half).unwrap()).collect();
    assert_eq!(flushes, [Flush::Soon, Flush::Now, Flush::NotNeeded, Flush::NotNeeded]);
}

#[test]
fn close_frames_that_are_queued_before_deflating_is_agreed_on_are_masked_frames() {
    let sevens = || KeySource::new(Arc::new(|bytes| bytes.fill(7)));
    let mut early = SendQueue::new(100, 1000, sevens());
    early.close_by_host(b"\x03\xe8");
    assert!(early.gate().is_closed_early() && !early.connect(true, true) && !early.needs_framer());
    let mut out = Vec::new();
    assert!(early.take_frames(&mut out) && out == [0x88, 0x82, 7, 7, 7, 7, 3 ^ 7, 0xe8 ^ 7]);
    let mut open = SendQueue::new(100, 1000, sevens());
    assert!(open.connect(true, false) && open.needs_framer());
    notify_connect(&mut open);
    push(&mut open, MessageKind::Text, b"a").unwrap();
    let mut chunk = MessageChunk::default();
    assert!(open.take_messages(&mut chunk));
    assert!(chunk.iter().eq([(MessageKind::Text.opcode(), &b"a"[..])]), "it is neither masked nor framed");
}

#[test]
fn dropped_messages_stay_counted() {
    let mut queue = open_queue(100, 1000);
    push(&mut queue, MessageKind::Text, b"abc").unwrap();
    push(&mut queue, MessageKind::Text, b"de").unwrap();
    let mut out = Vec::new();
    queue.take_frames(&mut out);
    let _ = queue.note_written(10);
    push(&mut queue, MessageKind::Text, b"f").unwrap();
    queue.end();
    out.clear();
    assert!(!queue.take_frames(&mut out));
    assert_eq!(queue.unsent(), (2, 3));
}

// These are tested one connection after the other.

fn counting(bytes: &mut [u8]) {
    thread_local!(static NEXT: Cell<u8> = const { Cell::new(1) });
    bytes.iter_mut().for_each(|byte| *byte = NEXT.replace(NEXT.get().wrapping_add(1)));
}

fn counting_keys() -> KeySource {
    KeySource::new(Arc::new(counting))
}

/// Takes the queued frames, or makes frames of the queued messages. Returns the wire bytes, and the messages that were taken
/// last.
fn take(queue: &Mutex<SendQueue>, keeps: bool) -> Option<(Vec<u8>, MessageChunk)> {
    let mut out = Vec::new();
    if !queue.lock().needs_framer() {
        return queue.lock().take_frames(&mut out).then(|| (out, MessageChunk::default()));
    }
    let mut framer = Framer::new(None, keeps);
    queue.lock().take_messages(framer.chunk()).then(|| {
        framer.frame(queue, &mut counting_keys(), &mut out).unwrap();
        (out, framer.take_back())
    })
}

/// Writes everything that is queued. Returns the payload of each frame, or `"close"` for a Close frame, and its key.
fn write_all(queue: SendQueue) -> (Vec<(String, [u8; 4])>, SendQueue) {
    let queue = Mutex::new(queue);
    let mut written = Vec::new();
    while let Some((wire, _)) = take(&queue, false) {
        for (first, payload, key) in frames(&wire) {
            let text = String::from_utf8_lossy(&payload).into_owned();
            written.push((if first == 0x88 { "close".into() } else { text }, key));
        }
        let _ = queue.lock().note_written(wire.len());
    }
    (written, queue.into_inner())
}

/// The connection is lost before, at and after each written byte. All combinations are tested: with and without a Close frame of
/// the library after the loss, with and without deflating before and after it, and with messages kept or dropped.
#[test]
fn messages_that_are_not_wholly_written_are_kept() {
    const SENT: [&str; 3] = ["a", "bcd", ""];
    let ends = [7, 16, 22]; // 6 bytes of header each
    for combination in 0..23 * 16 {
        let written = combination / 16;
        let [goodbye, before, after, keeps] = [1, 2, 4, 8].map(|bit| combination & bit != 0);
        let mut queue = open_queue_with(SendQueue::new(100, 1000, counting_keys()), before, keeps);
        assert_eq!(queue.needs_framer(), before || keeps);
        for text in SENT {
            push(&mut queue, MessageKind::Text, text.as_bytes()).unwrap();
        }
        if goodbye {
            queue.close_by_library(b"\x03\xe9");
        }
        let queue = Mutex::new(queue);
        let (_, taken) = take(&queue, keeps).unwrap();
        let mut queue = queue.into_inner();
        let whole = ends.iter().filter(|end| **end <= written).count();
        // A deflated message counts when all of it is written.
        let counted = if before { [0, 7, 16, 22][whole] } else { written };
        let _ = queue.note_written(counted);
        assert!(lose_and_retry(&mut queue, keeps, taken));
        assert_eq!(push(&mut queue, MessageKind::Text, b"early"), Err(Error::NotOpen));
        let left = if keeps { &SENT[whole..] } else { &[] };
        let bytes: usize = left.iter().map(|text| text.len()).sum();
        assert_eq!((queue.payload_bytes(), queue.unsent().0 as usize), (bytes, left.len()));
        assert_eq!(queue.stats().waiting, bytes + 6 * left.len());
        assert_eq!(queue.close_code(), None, "the Close frame was for the lost connection");

        assert_eq!(queue.connect(after, keeps), after);
        notify_connect(&mut queue);
        push(&mut queue, MessageKind::Text, b"new").unwrap();
        assert_eq!(queue.needs_framer(), after || keeps);
        let (frames, queue) = write_all(queue);
        let texts: Vec<_> = frames.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts, [left, &["new"]].concat(), "{combination}");
        for (at, (text, key)) in frames.iter().enumerate() {
            assert!(*key != [0; 4], "{text} is masked");
            assert!(frames[..at].iter().all(|(_, other)| other != key), "each frame has its own key");
        }
        assert_eq!((queue.unsent(), queue.stats().waiting), ((0, 0), 0));
    }
}

#[test]
fn close_frames_of_the_host_follow_the_messages_that_were_kept() {
    for deflates in [false, true] {
        let mut queue = open_queue_with(SendQueue::new(100, 1000, counting_keys()), deflates, true);
        push(&mut queue, MessageKind::Text, b"kept").unwrap();
        assert!(lose_and_retry(&mut queue, true, MessageChunk::default()));
        assert!(queue.close_by_host(b"\x03\xe8") && queue.gate().is_closed_early());
        assert!(!queue.close_by_host(b"\x03\xe8"), "the second close queues nothing");
        assert!(!queue.connect(deflates, true), "nothing is deflated behind a Close frame");
        assert!(!queue.notify_connect(), "on_connect is not called");
        let (frames, _) = write_all(queue);
        assert_eq!(frames.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["kept", "close"]);
        assert!(frames.iter().all(|(_, key)| *key != [0; 4]));
    }
}

#[test]
fn no_connection_follows_after_the_host_has_closed() {
    for frees in [false, true] {
        for deflates in [false, true] {
            let mut queue = open_queue_with(SendQueue::new(100, 1000, counting_keys()), deflates, false);
            push(&mut queue, MessageKind::Text, b"accepted").unwrap();
            if frees {
                queue.close_by_free(b"");
            } else {
                assert!(queue.close_by_host(b""));
            }
            for keeps in [true, false] {
                assert!(!lose_and_retry(&mut queue, keeps, MessageChunk::default()));
            }
            assert_eq!(queue.unsent(), (1, 8), "it still counts");
        }
    }
}

#[test]
fn hosts_cannot_send_over_connections_that_they_were_not_notified_of() {
    let mut queue = SendQueue::new(100, 1000, counting_keys());
    let can_send = |queue: &mut SendQueue| push(queue, MessageKind::Text, b"x").is_ok();
    queue.connect(false, false);
    assert!(lose_and_retry(&mut queue, false, MessageChunk::default()));
    notify_connect(&mut queue); // for the first connection, which is lost
    assert!(!can_send(&mut queue) && queue.gate().state() == State::Connecting);
    queue.connect(false, false);
    assert!(lose_and_retry(&mut queue, false, MessageChunk::default()));
    queue.connect(false, false);
    assert!(!can_send(&mut queue));
    notify_connect(&mut queue); // for the second connection
    assert!(!can_send(&mut queue));
    notify_connect(&mut queue);
    assert!(can_send(&mut queue));
    assert_eq!((queue.gate().connections(), queue.gate().generation()), (3, 3));
}

#[test]
fn room_is_reported_once_and_not_after_the_connection_is_lost() {
    let mut queue = open_queue(100, 200);
    push(&mut queue, MessageKind::Binary, &[0; 100]).unwrap(); // 106
    assert_eq!(push(&mut queue, MessageKind::Binary, &[0; 100]), Err(Error::Backpressure));
    assert_eq!(
        push(&mut queue, MessageKind::Binary, &[0; 50]),
        Ok(Flush::Requested),
        "there is room for a smaller message"
    );
    let mut out = Vec::new();
    queue.take_frames(&mut out);
    let reported: Vec<_> = (0..162).filter(|_| queue.note_written(1)).collect();
    assert_eq!(reported, [67], "at 94 of 200 bytes, half is free, and there is room for 106 bytes");
    push(&mut queue, MessageKind::Binary, &[0; 100]).unwrap();
    assert_eq!(push(&mut queue, MessageKind::Binary, &[0; 100]), Err(Error::Backpressure));
    assert!(lose_and_retry(&mut queue, false, MessageChunk::default()));
    queue.connect(false, false);
    notify_connect(&mut queue);
    push(&mut queue, MessageKind::Binary, b"x").unwrap();
    out.clear();
    queue.take_frames(&mut out);
    assert!(!queue.note_written(out.len()), "on_retry has notified the host");
}

/// A host that has freed the socket is not notified of a retry. The messages that were dropped with that connection count until
/// the end.
#[test]
fn losses_are_counted_until_a_report_names_them() {
    let lost = |messages, bytes| Lost { messages, bytes };
    for (listens, expected) in [(true, lost(1, 5)), (false, lost(3, 11))] {
        let mut queue = open_queue(100, 1000);
        assert_eq!(queue.lost(), lost(0, 0));
        push(&mut queue, MessageKind::Text, b"one").unwrap();
        push(&mut queue, MessageKind::Text, b"two").unwrap();
        assert!(lose_and_retry(&mut queue, false, MessageChunk::default()));
        assert_eq!(queue.lost(), lost(2, 6));
        assert_eq!(queue.notify_retry(listens), listens);
        let mut queue = open_queue_with(queue, false, false);
        push(&mut queue, MessageKind::Text, b"three").unwrap();
        queue.close_by_free(b"\x03\xe9");
        queue.lose();
        queue.end();
        assert_eq!(queue.lost(), expected, "the Close frame is not a message");
        queue.notify_close();
        assert_eq!(queue.lost(), lost(0, 0), "the end was reported");
    }
}

/// Nothing is queued by an abort, and nothing is accepted after it. Messages that were accepted before count as unsent.
#[test]
fn an_abort_queues_no_close_frame() {
    let mut queue = open_queue(100, 1000);
    push(&mut queue, MessageKind::Text, b"one").unwrap();
    queue.abort();
    assert_eq!(push(&mut queue, MessageKind::Text, b"late"), Err(Error::NotOpen));
    assert!(!queue.close_by_host(b"\x03\xe8"));
    queue.close_by_library(b"\x03\xe9");
    queue.close_by_free(b"\x03\xe9");
    assert_eq!((queue.close_code(), queue.unsent(), queue.waiting()), (None, (1, 3), 9));
}
