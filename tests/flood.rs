//! A hundred thousand messages arrive while the host does not poll. After that no poll exceeds its budget, no message is lost or
//! reordered, and the memory stays within the sum of the options.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)] // a callback of the C ABI

use ::egret_ws::*;
use std::cell::RefCell;
use std::ffi::c_void;
use std::slice;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use test_allocator::{Peak, TestAllocator, exclude_this_thread};
use test_support::WAIT_LIMIT;
use test_support::client::{DRIVERS, Driver, Loop, Socket};
use test_support::frame::Frame;
use test_support::process::runs_alone;
use test_support::scripted_server::Server;

const COUNT: usize = 100_000;
const KIB: usize = 1024;
const QUEUE: usize = 512 * KIB;
/// According to the header, there may be one message above the queue, and one read that is not decoded. The statistics do not
/// count these.
const READ: usize = 64 * KIB;

#[global_allocator]
static ALLOCATOR: TestAllocator = TestAllocator;

thread_local! {
    static FLOOD: RefCell<Flood> = const { RefCell::new(Flood::new()) };
}

/// The received messages, each of which contains its number.
struct Flood {
    size: usize,
    /// The number of the next message.
    next: usize,
    wrong: Option<usize>,
    /// How long each callback takes.
    work: Duration,
    /// The time at which the first callback of this poll began, and the times at which the last two callbacks ended.
    first: Option<Instant>,
    ended: [Option<Instant>; 2],
}

impl Flood {
    const fn new() -> Flood {
        Flood { size: 0, next: 0, wrong: None, work: Duration::ZERO, first: None, ended: [None; 2] }
    }

    fn take(&mut self, message: &[u8]) {
        let begun = Instant::now();
        self.first.get_or_insert(begun);
        if message != numbered(self.next, self.size).as_slice() {
            self.wrong.get_or_insert(self.next);
        }
        self.next += 1;
        while begun.elapsed() < self.work {
            std::hint::spin_loop();
        }
        self.ended = [self.ended[1], Some(Instant::now())];
    }
}

/// This is on the stack, so that it is not counted.
struct Message([u8; KIB], usize);

impl Message {
    fn as_slice(&self) -> &[u8] {
        &self.0[..self.1]
    }
}

fn numbered(number: usize, size: usize) -> Message {
    let mut bytes = [number as u8; KIB];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Message(bytes, size)
}

unsafe extern "C" fn on_message(_: *mut c_void, _: *mut egret_ws, _: i32, data: *const u8, len: usize) {
    // SAFETY: according to the header, there are `len` readable bytes, and the pointer is not NULL.
    let message = unsafe { slice::from_raw_parts(data, len) };
    FLOOD.with_borrow_mut(|flood| flood.take(message));
}

/// A server that sends the messages. It notifies the test when it can send no more, or when all are sent. It closes after the
/// last message.
fn server(size: usize) -> (Server<()>, Receiver<usize>) {
    let (stalled, stall) = mpsc::channel();
    let server = Server::start(move |mut peer| {
        exclude_this_thread();
        peer.upgrade();
        let mut flood = Vec::with_capacity(COUNT * (size + 4));
        for number in 0..COUNT {
            flood.extend_from_slice(&Frame::binary(numbered(number, size).as_slice()).bytes());
        }
        let written = peer.write_until_stalled(&flood);
        stalled.send(written).expect("the test waits");
        peer.write(&flood[written..]);
        peer.close(1000);
    });
    (server, stall)
}

fn connect<'a>(host: &'a Loop, server: &Server<()>, size: usize, work: Duration) -> Socket<'a> {
    FLOOD.with_borrow_mut(|flood| *flood = Flood { size, work, ..Flood::new() });
    let socket = host.connect_with(server.port(), |options| {
        options.max_receive_queue_bytes = QUEUE as u32;
        options.on_message = Some(on_message);
    });
    socket.wait_open();
    socket
}

/// Polls until all messages have come. `check` gets the number of callbacks of each poll.
#[track_caller]
fn play(host: &Loop, socket: &Socket, mut check: impl FnMut(usize, &Flood)) {
    let mut progress = (Instant::now(), 0);
    while socket.state() != EGRET_WS_STATE_CLOSED {
        FLOOD.with_borrow_mut(|flood| (flood.first, flood.ended) = (None, [None; 2]));
        let made = host.poll(1);
        FLOOD.with_borrow(|flood| check(made, flood));
        if made > 0 {
            progress = (Instant::now(), progress.1 + made);
        }
        assert!(progress.0.elapsed() < WAIT_LIMIT, "nothing came for {WAIT_LIMIT:?}, after {} callbacks", progress.1);
    }
    FLOOD.with_borrow(|flood| {
        assert_eq!(flood.wrong, None, "the first message that is wrong");
        assert_eq!(flood.next, COUNT);
    });
    let stats = socket.stats();
    assert_eq!(stats.messages_received, COUNT as u64);
    let peak = stats.receive_queue_peak_bytes as usize;
    FLOOD.with_borrow(|flood| {
        let bound = QUEUE + flood.size + 32;
        assert!((QUEUE..=bound).contains(&peak), "{peak} bytes waited at most, but the limit is {bound}");
    });
}

/// This is less than the number of messages in one read of an inline loop, so that the queue is filled there too.
const BUDGET: usize = 50;

#[test]
fn no_poll_makes_more_callbacks_than_its_budget() {
    for size in [64, KIB] {
        for driver in DRIVERS {
            println!("{driver:?}, {size} bytes");
            let host = Loop::with(driver, |options| {
                options.poll_max_callbacks = BUDGET as u32;
                options.poll_max_us = u32::MAX;
            });
            let (server, stall) = server(size);
            let socket = connect(&host, &server, size, Duration::ZERO);
            stall.recv_timeout(WAIT_LIMIT).expect("the server stalls");
            let (mut most, mut polls) = (0, 0);
            play(&host, &socket, |made, _| {
                assert!(made <= BUDGET, "{made} callbacks in one poll");
                (most, polls) = (most.max(made), polls + 1);
            });
            assert_eq!(most, BUDGET, "the budget was used");
            println!("{polls} polls");
            server.finish();
        }
    }
}

/// A poll checks its time before each callback except the first one. So a callback that ends after the time is the last one of
/// its poll. The test measures inside the callbacks, so it is exact on a busy machine too.
#[test]
fn no_poll_is_over_its_time_by_more_than_one_callback() {
    const BUDGET: Duration = Duration::from_millis(2);
    const WORK: Duration = Duration::from_micros(10);
    for driver in DRIVERS {
        println!("{driver:?}");
        let host = Loop::with(driver, |options| {
            options.poll_max_callbacks = u32::MAX;
            options.poll_max_us = BUDGET.as_micros() as u32;
        });
        let (server, stall) = server(64);
        let socket = connect(&host, &server, 64, WORK);
        stall.recv_timeout(WAIT_LIMIT).expect("the server stalls");
        let mut used_up = 0;
        play(&host, &socket, |_, flood| {
            let Some(end) = flood.first.map(|first| first + BUDGET) else { return };
            if let [Some(before), Some(_)] = flood.ended {
                assert!(before < end, "a callback began {:?} too late", before - end);
            }
            used_up += usize::from(flood.ended[1].is_some_and(|last| last >= end - WORK));
        });
        assert!(used_up > 10, "the budget was used up in {used_up} polls");
        server.finish();
    }
}

/// There are two batches: one is dispatched while the other one is filled. Each may contain a full queue of payloads and its list
/// of events. A buffer that grows by doubling may be twice as large as its content.
fn bound(size: usize) -> usize {
    let queue = QUEUE + READ + size;
    let events = queue / (size + 32) * EVENT;
    2 * 2 * (queue + events) + CONSTANT
}

/// An event in the list.
const EVENT: usize = 24;
/// The loop and the socket: buffers to read into and to write from.
const CONSTANT: usize = 256 * KIB;

#[test]
fn memory_stays_within_the_options() {
    if !runs_alone("memory_stays_within_the_options") {
        return;
    }
    for size in [64, KIB] {
        for driver in DRIVERS {
            let host = Loop::with(driver, |options| options.poll_max_callbacks = BUDGET as u32);
            let (server, stall) = server(size);
            let socket = connect(&host, &server, size, Duration::ZERO);
            let memory = Peak::start();
            let written = stall.recv_timeout(WAIT_LIMIT).expect("the server stalls");
            let waiting = memory.bytes();
            play(&host, &socket, |_, _| {});
            let peak = memory.bytes();
            println!(
                "{driver:?}, {size} bytes: {} KiB written, {} KiB in memory then, {} KiB at most, {} KiB allowed",
                written / KIB,
                waiting / KIB,
                peak / KIB,
                bound(size) / KIB
            );
            assert!(peak <= bound(size));
            if driver == Driver::Threaded {
                assert!(waiting >= QUEUE, "the queue was not filled");
            }
            server.finish();
        }
    }
}
