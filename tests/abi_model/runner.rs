//! Runs one case, from the first call to the last check.

use crate::case::Case;
use crate::contract;
use crate::loop_model::HostLoop;
use crate::random::Random;
use crate::socket_model::Socket;
use crate::trace::{self, CALL_LIMIT, breach, lock, promise};
use crate::{call_stack, connect_calls, final_checks, functions, loop_calls, receive_calls, registry, socket_calls};
use ::egret_ws::*;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};
use test_support::process;

/// Counts of a run, printed at its end.
#[derive(Default, Clone, Copy, Debug)]
pub struct Tally {
    pub calls: u64,
    pub callbacks: u64,
    pub sockets: u64,
    pub opened: u64,
    pub closed: u64,
    pub sent: u64,
    pub received: u64,
    pub connections: u64,
    pub refused: u64,
    pub drains: u64,
    pub unsent: u64,
    pub kept: u64,
}

/// How the end of a case waits for due work.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Waiting {
    InPoll,
    /// The case waits until the descriptor is readable, but at most for the time that `egret_ws_loop_next_poll_ms` returns.
    ForDescriptor,
    ForWakeup,
}

pub fn play(seed: u64, tally: &mut Tally) {
    let before = (process::threads(), process::descriptors());
    let case = Case::new(seed);
    trace::begin(seed, case.threads + 1);
    call_stack::enter(&case, 0);
    let mut random = Random::of(&[seed, 0x91A]);
    let setup = case.host_setup(&mut random);
    let inline = setup.is_inline;
    loop_calls::make(&case, &mut random, setup).expect("the first loop is made without a mistake");
    trace::note(None, 0, &format!("seed {seed}, {} threads, inline {inline}", case.threads));

    let others: Vec<_> = (1..case.threads).map(|index| spawn(&case, index)).collect();
    step(&case, 0);
    // In half of the cases the loops are freed while other threads use them.
    let (is_abrupt, waits) = (random.one_in(2), random.pick(&[0, 1, 2]));
    let waiting = [Waiting::InPoll, Waiting::ForDescriptor, Waiting::ForWakeup][waits];
    if !is_abrupt {
        join(others);
        case.is_ending.store(true, SeqCst);
        for host in hosts(&case) {
            wind_down(&case, &host, waiting);
        }
        free(&case);
    } else {
        free(&case);
        join(others);
        // These loops were made since then.
        free(&case);
    }
    check_handles(&case);
    case.server.stop();
    for socket in lock(&case.sockets).iter() {
        final_checks::conclude(&case, socket);
    }
    count(&case, tally);
    call_stack::leave();
    registry::clear();
    drop(case);
    settle(before);
}

fn spawn(case: &Arc<Case>, index: usize) -> thread::JoinHandle<()> {
    let case = Arc::clone(case);
    thread::spawn(move || {
        call_stack::enter(&case, index);
        step(&case, index);
        call_stack::leave();
    })
}

fn join(threads: Vec<thread::JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("a panic ends the process"));
}

/// The work of one thread.
fn step(case: &Arc<Case>, index: usize) {
    let mut random = Random::of(&[case.seed, 0xAC7, index as u64]);
    // Most cases begin with some connections, and wait until they are made.
    let host = case.host(&mut random).filter(|_| index == 0 && !random.one_in(4));
    if let Some(host) = host {
        for _ in 0..random.between(1, 5) {
            connect_calls::by_url(case, &mut random, None);
        }
        for _ in 0..8 {
            loop_calls::poll_host(case, &host, 10);
        }
    }
    for _ in 0..random.between(40, 200) {
        functions::perform(case, &mut random, None);
    }
}

fn hosts(case: &Case) -> Vec<Arc<HostLoop>> {
    lock(&case.hosts).iter().filter(|host| !host.is_gone()).cloned().collect()
}

/// Polls until all accepted messages of open sockets are written, and on_drain was called after each refusal.
/// The server reads everything, or ends the connection.
fn quiesce(case: &Arc<Case>, host: &Arc<HostLoop>) {
    let deadline = Instant::now() + CALL_LIMIT;
    let waits = |socket: &Arc<Socket>| {
        let life = lock(&socket.life);
        let knows = socket.setup.on_retry && socket.setup.on_close && socket.setup.on_drain;
        if !knows || !life.is_open || !Arc::ptr_eq(&socket.host, host) || socket.is_gone() {
            return false;
        }
        let is_owed = life.owed && case.threads == 1 && socket.close_done.load(SeqCst) == 0;
        drop(life);
        is_owed || contract::noted(egret_ws_buffered_amount(socket.handle())) > 0
    };
    while let Some(socket) = case.made().into_iter().find(&waits) {
        // A full receive queue can keep a server from reading.
        receive_calls::resume_socket(case, &socket);
        if Instant::now() > deadline {
            let buffered = egret_ws_buffered_amount(socket.handle());
            breach!("socket {} keeps {buffered} bytes, or gets no on_drain although it has room", socket.index);
        }
        loop_calls::poll_host(case, host, 5);
    }
}

/// Closes or frees each socket, and polls until each has reported its end.
fn wind_down(case: &Arc<Case>, host: &Arc<HostLoop>, waiting: Waiting) {
    loop_calls::resume_host(case, host);
    let mut random = Random::of(&[case.seed, 0xE7D]);
    if random.one_in(2) {
        quiesce(case, host);
    }
    let own = |socket: &&Arc<Socket>| Arc::ptr_eq(&socket.host, host) && !socket.is_gone();
    for socket in case.made().iter().filter(own) {
        if random.one_in(4) {
            socket_calls::free_socket(case, socket);
        } else {
            socket_calls::close_socket(case, socket);
        }
    }
    let waiting = if host.setup.is_inline && waiting == Waiting::ForWakeup { Waiting::ForDescriptor } else { waiting };
    if waiting == Waiting::ForWakeup {
        loop_calls::ring_host(case, host);
    }
    let ended = |socket: &Arc<Socket>| {
        let life = lock(&socket.life);
        let is_freed = socket.free_begun.load(SeqCst);
        // Without on_close the end is not reported, but the state must be closed.
        let is_mute = !socket.setup.on_close && socket.close_done.load(SeqCst) != 0;
        (life.closed.is_some() || is_mute || is_freed) && (life.released > 0 || !socket.setup.release_user)
    };
    // Freed sockets finish their closing handshakes in the background.
    let is_served = |socket: &Arc<Socket>| {
        let served = case.server.connections_of(socket.id);
        Arc::ptr_eq(&socket.host, host) && served.iter().any(|served| !lock(served).ended)
    };
    let deadline = Instant::now() + CALL_LIMIT;
    loop {
        // This is repeated in each turn, because callbacks of the last sockets also make sockets.
        let late: Vec<_> =
            case.made().into_iter().filter(|socket| Arc::ptr_eq(&socket.host, host) && !ended(socket)).collect();
        for socket in late.iter().filter(|socket| !socket.is_gone() && socket.close_done.load(SeqCst) == 0) {
            socket_calls::close_socket(case, socket);
        }
        for socket in late.iter().filter(|socket| !socket.is_gone()) {
            receive_calls::resume_socket(case, socket);
        }
        let served = case.made().into_iter().find(&is_served).filter(|_| late.is_empty());
        if late.is_empty() && served.is_none() {
            break;
        }
        if Instant::now() > deadline {
            if let Some(socket) = served {
                let connections = final_checks::describe_all(case, &socket);
                breach!("socket {} has ended, but its connection has not: {connections}", socket.index);
            }
            let late: Vec<_> = late.iter().map(|socket| (socket.index, lock(&socket.life).callbacks)).collect();
            breach!("waiting {waiting:?}, these sockets do not report their end (number, callbacks so far): {late:?}");
        }
        if host.is_gone() {
            return;
        }
        let time = match waiting {
            _ if late.is_empty() => 5,
            Waiting::InPoll => 20,
            Waiting::ForDescriptor | Waiting::ForWakeup => {
                wait(case, host, waiting);
                0
            }
        };
        loop_calls::poll_host(case, host, time);
    }
    host.is_wound_down.store(true, SeqCst);
}

/// Waits like a program that polls only after a wake-up.
fn wait(case: &Case, host: &Arc<HostLoop>, waiting: Waiting) {
    // If a wake-up is missing, it is reported at the deadline of the case.
    const LONGEST: Duration = Duration::from_secs(5);
    match waiting {
        Waiting::InPoll => {}
        Waiting::ForWakeup => {
            host.wait_for_wakeup(LONGEST);
        }
        Waiting::ForDescriptor => {
            let Some(descriptor) = loop_calls::descriptor_of(case, host) else { return };
            let time = contract::noted(egret_ws_loop_next_poll_ms(host.handle()).into()) as i32;
            promise!(time >= 0 || host.is_gone(), "egret_ws_loop_next_poll_ms failed with {time}");
            let mut waited = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
            // SAFETY: it is one struct, and it is writable.
            unsafe { libc::poll(&mut waited, 1, time.min(LONGEST.as_millis() as i32)) };
        }
    }
}

/// Frees all loops, even while other threads poll them.
fn free(case: &Arc<Case>) {
    // A callback of a loop that is freed may make another loop.
    while let Some(host) = hosts(case).into_iter().next() {
        let deadline = Instant::now() + CALL_LIMIT;
        while !host.is_gone() && !loop_calls::free_host(case, &host) {
            promise!(Instant::now() < deadline, "a loop is busy for {CALL_LIMIT:?}");
            thread::yield_now();
        }
    }
}

/// After the end no handle is valid.
fn check_handles(case: &Case) {
    for host in lock(&case.hosts).iter() {
        let results = [
            egret_ws_loop_poll(host.handle(), 0),
            egret_ws_loop_wake(host.handle()),
            // SAFETY: NULL is allowed.
            unsafe { egret_ws_loop_free(host.handle(), ptr::null_mut()) },
        ];
        promise!(results == [EGRET_WS_ERR_BAD_HANDLE; 3], "calls with a freed loop returned {results:?}");
    }
    for socket in case.made() {
        let ws = socket.handle();
        let results = [
            egret_ws_state(ws),
            egret_ws_pause_receive(ws),
            egret_ws_abort(ws),
            egret_ws_free(ws),
            egret_ws_generation(ws),
        ];
        promise!(results == [EGRET_WS_ERR_BAD_HANDLE; 5], "calls with a socket of a freed loop returned {results:?}");
    }
    contract::note_reason();
}

fn count(case: &Case, tally: &mut Tally) {
    tally.calls += case.calls.load(SeqCst);
    tally.connections += case.server.count();
    for socket in lock(&case.sockets).iter() {
        let life = lock(&socket.life);
        tally.sockets += 1;
        tally.callbacks += life.callbacks;
        tally.opened += life.connects as u64;
        tally.closed += u64::from(life.closed.is_some());
        tally.sent += life.count_accepted();
        tally.refused += life.refused as u64;
        tally.drains += life.drains as u64;
        tally.kept += life.kept;
        tally.unsent += life.dropped + life.closed.as_ref().map_or(0, |report| report.unsent_messages.into());
        tally.received += life.generations.iter().map(|generation| generation.received.len() as u64).sum::<u64>();
    }
}

/// Waits until no thread and no descriptor is left, because some end without a notification.
fn settle(before: (usize, usize)) {
    let deadline = Instant::now() + CALL_LIMIT;
    loop {
        let now = (process::threads(), process::descriptors());
        if now.0 <= before.0 && now.1 <= before.1 {
            return;
        }
        promise!(Instant::now() < deadline, "{before:?} threads and descriptors became {now:?}");
        thread::sleep(Duration::from_millis(1));
    }
}
