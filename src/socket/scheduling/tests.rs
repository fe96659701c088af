use super::*;
use {Action::*, Caller::*, DriverKind::*};

#[test]
fn table_of_all_requests() {
    #[rustfmt::skip]
    let rows = [
        // request              caller       threaded        inline
        (Request::Flush,        Callback,    AfterCallbacks, FlushAfterCallbacks),
        (Request::Flush,        Dispatcher,  WakeEngine,     WakeEngine),
        (Request::Flush,        OtherThread, WakeEngine,     RunEngine),
        (Request::FlushBehind,  Callback,    Nothing,        Nothing),
        (Request::FlushBehind,  Dispatcher,  WakeEngine,     WakeEngine),
        (Request::FlushBehind,  OtherThread, WakeEngine,     RunEngine),
        (Request::FlushLarge,   Callback,    WakeEngine,     RunEngine),
        (Request::FlushLarge,   Dispatcher,  WakeEngine,     WakeEngine),
        (Request::FlushLarge,   OtherThread, WakeEngine,     RunEngine),
        (Request::Command,      Callback,    AfterCallbacks, AfterCallbacks),
        (Request::Command,      Dispatcher,  WakeEngine,     WakeEngine),
        (Request::Command,      OtherThread, WakeEngine,     RunEngine),
        (Request::Tls,          Callback,    AfterCallbacks, AfterCallbacks),
        (Request::Tls,          Dispatcher,  WakeEngine,     WakeEngine),
        (Request::Tls,          OtherThread, WakeEngine,     WakeEngine),
        (Request::WakePoll,     Callback,    WakePoll,       WakePoll),
        (Request::WakePoll,     Dispatcher,  WakePoll,       WakePoll),
        (Request::WakePoll,     OtherThread, WakePoll,       WakePoll),
    ];
    for (request, caller, threaded, inline) in rows {
        assert_eq!(action(request, caller, Threaded), threaded, "{request:?}, {caller:?}, threaded");
        assert_eq!(action(request, caller, Inline), inline, "{request:?}, {caller:?}, inline");
    }
    let distinct: std::collections::HashSet<_> = rows.iter().map(|row| format!("{:?} {:?}", row.0, row.1)).collect();
    assert_eq!(distinct.len(), 6 * 3, "every request from every caller");
}

/// A scheduler of a loop that no thread polls.
fn scheduler(inline: bool) -> (Scheduler, SocketShared) {
    use crate::config::LoopOptions;
    use crate::connection::send_queue::SendQueue;
    use crate::protocol::mask::zero_keys;
    let config = LoopConfig { inline, ..LoopConfig::new(&LoopOptions::default()).unwrap() };
    let scheduler = Scheduler::new(Arc::new(Log::new(0, None)), &config, MAX_PASS, HostParts::default()).unwrap();
    (scheduler, SocketShared::new(7, 7, SendQueue::new(100, 100, zero_keys()), 1000, crate::engine::Wants::default()))
}

#[test]
fn one_thread_polls_at_a_time_and_not_twice() {
    let (scheduler, _) = scheduler(true);
    assert_eq!(scheduler.begin_poll(), Ok(()));
    assert_eq!(scheduler.begin_poll(), Err(Error::Reentrant));
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(scheduler.begin_poll(), Err(Error::Busy)));
    });
    scheduler.end_poll();
    assert_eq!(scheduler.begin_poll(), Ok(()));
}

#[test]
fn first_flush_of_a_callback_needs_no_command_and_later_requests_do() {
    let (scheduler, socket) = scheduler(true);
    scheduler.begin_poll().unwrap();
    scheduler.flush(&socket);
    assert_eq!(scheduler.deferred.load(SeqCst), Deferred::flush(7));
    scheduler.flush_behind(&socket);
    assert!(!scheduler.shared.has_commands(), "the deferred flush writes both messages");
    scheduler.request(&socket, SocketRequest::Ping);
    assert!(scheduler.shared.has_commands());
    assert_eq!(scheduler.deferred.load(SeqCst), Deferred::flush(7), "and the commands are taken too");
    scheduler.after_callbacks(|_| None);
    assert!(!scheduler.shared.has_commands());
    assert_eq!(scheduler.deferred.load(SeqCst), Deferred::NOTHING);
}

#[test]
fn another_thread_does_not_wait_for_a_deferred_flush() {
    let (scheduler, socket) = scheduler(true);
    scheduler.begin_poll().unwrap();
    scheduler.flush(&socket);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            scheduler.flush_behind(&socket);
            assert!(!scheduler.shared.has_commands(), "this thread has run the engine");
        });
    });
    // No connection has the key of the socket, so its request remains queued.
    assert!(!socket.add_request(SocketRequest::Flush), "the request was queued");
}
