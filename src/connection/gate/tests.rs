//! Compares every transition in every state with a table, and checks the meaning of each state.

use super::GateState::{self, Closed, Closing, Connected, Connecting, Ended, Open};
use super::HostClose::{self, Early, No, Yes};
use super::Notified::{self, Aborted, Connect, Nothing, Retry};
use super::Transition::{self, *};
use super::{Gate, State};
use std::collections::HashSet;

const NOTIFIED: [Notified; 3] = [Nothing, Connect, Retry];
const HOST_CLOSES: [HostClose; 3] = [No, Early, Yes];
const TRANSITIONS: [Transition; 11] = [
    Transition::Connect,
    Lose,
    Transition::Retry,
    CloseByLibrary,
    CloseByHost,
    Abort,
    Free,
    End,
    NotifyConnect,
    NotifyRetry,
    NotifyClose,
];

fn all_states() -> Vec<GateState> {
    let mut states = vec![Open, Closed];
    for notified in NOTIFIED {
        states.extend([Connecting(notified), Connected(notified)]);
        states.extend(HOST_CLOSES.map(|by_host| Closing(by_host, notified)));
        states.extend(HOST_CLOSES.map(|by_host| Ended(by_host, notified)));
    }
    for by_host in [Early, Yes] {
        states.extend([Closing(by_host, Aborted), Ended(by_host, Aborted)]);
    }
    states
}

/// Returns the state after a transition, or `None` if it is not allowed. This table is ordered by state, while the code is
/// ordered by transition.
fn expected(state: GateState, transition: Transition, lags: bool) -> Option<GateState> {
    let closed = |by_host| if lags || by_host == Early { Early } else { Yes };
    match state {
        Connecting(notified) => match transition {
            Transition::Connect => Some(Connected(notified)),
            Lose | Transition::Retry => Some(state),
            CloseByHost => Some(Closing(Early, notified)),
            Abort => Some(Closing(Early, Aborted)),
            Free => Some(Closing(Yes, notified)),
            End => Some(Ended(No, notified)),
            NotifyConnect => Some(Connecting(Connect)),
            NotifyRetry => Some(Connecting(Retry)),
            CloseByLibrary | NotifyClose => None,
        },
        Connected(notified) => match transition {
            Lose => Some(Connecting(notified)),
            CloseByLibrary => Some(Closing(No, notified)),
            CloseByHost => Some(Closing(Early, notified)),
            Abort => Some(Closing(Early, Aborted)),
            Free => Some(Closing(Yes, notified)),
            End => Some(Ended(No, notified)),
            NotifyConnect => Some(if lags { Connected(Connect) } else { Open }),
            NotifyRetry => Some(Connected(Retry)),
            Transition::Connect | Transition::Retry | NotifyClose => None,
        },
        Open => match transition {
            Lose => Some(Connecting(Connect)),
            CloseByLibrary => Some(Closing(No, Connect)),
            CloseByHost | Free => Some(Closing(Yes, Connect)),
            Abort => Some(Closing(Yes, Aborted)),
            End => Some(Ended(No, Connect)),
            Transition::Connect | Transition::Retry | NotifyConnect | NotifyRetry | NotifyClose => None,
        },
        Closing(No, notified) => match transition {
            Lose | CloseByLibrary => Some(state),
            Transition::Retry => Some(Connecting(notified)),
            CloseByHost => Some(Closing(closed(No), notified)),
            Abort => Some(Closing(closed(No), Aborted)),
            Free => Some(Closing(Yes, notified)),
            End => Some(Ended(No, notified)),
            NotifyConnect => Some(Closing(No, Connect)),
            NotifyRetry => Some(Closing(No, Retry)),
            Transition::Connect | NotifyClose => None,
        },
        Closing(by_host, notified) => match transition {
            Transition::Connect | Lose | CloseByLibrary | Free => Some(state),
            CloseByHost => Some(Closing(closed(by_host), notified)),
            Abort => Some(Closing(closed(by_host), Aborted)),
            End => Some(Ended(by_host, notified)),
            NotifyConnect | NotifyRetry if notified == Aborted => Some(state),
            NotifyConnect if by_host == Early => Some(state),
            NotifyConnect => Some(Closing(by_host, Connect)),
            NotifyRetry => Some(Closing(by_host, Retry)),
            Transition::Retry | NotifyClose => None,
        },
        Ended(by_host, notified) => match transition {
            Lose | End => Some(state),
            CloseByHost => Some(Ended(closed(by_host), notified)),
            Abort => Some(Ended(closed(by_host), Aborted)),
            NotifyConnect | NotifyRetry if notified == Aborted => Some(state),
            Free => Some(Ended(if by_host == No { Yes } else { by_host }, notified)),
            NotifyConnect if by_host == Early => Some(state),
            NotifyConnect => Some(Ended(by_host, Connect)),
            NotifyRetry => Some(Ended(by_host, Retry)),
            NotifyClose => Some(Closed),
            Transition::Connect | Transition::Retry | CloseByLibrary => None,
        },
        Closed => matches!(transition, Lose | CloseByHost | Abort | Free | End).then_some(Closed),
    }
}

#[test]
fn each_transition_in_each_state_agrees_with_the_table() {
    for state in all_states() {
        for lags in [false, true] {
            for transition in TRANSITIONS {
                let after = expected(state, transition, lags);
                assert_eq!(state.after(transition, lags), after, "{transition:?} in {state:?}, lags: {lags}");
            }
        }
    }
}

#[test]
fn each_state_can_be_reached() {
    let mut reached = HashSet::new();
    let mut new = vec![Connecting(Nothing)];
    while let Some(state) = new.pop() {
        if reached.insert(format!("{state:?}")) {
            let after = |lags| TRANSITIONS.map(|transition| state.after(transition, lags));
            new.extend(after(false).into_iter().chain(after(true)).flatten());
        }
    }
    assert_eq!(reached, all_states().iter().map(|state| format!("{state:?}")).collect());
}

#[test]
fn each_state_is_one_of_four_for_the_host() {
    for state in all_states() {
        for lags in [false, true] {
            let expected = match state {
                Connecting(_) | Connected(_) => State::Connecting,
                Open => State::Open,
                Closing(Early | Yes, _) | Ended(Early | Yes, _) => State::Closing,
                // The host was not notified of the connection that is closing.
                Closing(No, Nothing | Retry) | Ended(No, Retry) => State::Connecting,
                Closing(No, Connect) | Ended(No, Connect) if lags => State::Connecting,
                Closing(No, Connect) | Ended(No, Connect | Nothing) => State::Closing,
                Closing(No, Aborted) | Ended(No, Aborted) => unreachable!("only the host aborts"),
                Closed => State::Closed,
            };
            assert_eq!(state.seen_by_host(lags), expected, "{state:?}, lags: {lags}");
        }
    }
}

/// Makes a gate, and makes these calls on it.
fn gate_after(calls: &[fn(&mut Gate)]) -> Gate {
    let mut gate = Gate::new();
    calls.iter().for_each(|call| call(&mut gate));
    gate
}

fn notify_connect(gate: &mut Gate) {
    assert!(gate.notify_connect());
}

#[test]
fn connections_that_the_host_was_not_notified_of_are_not_open() {
    let mut gate = gate_after(&[Gate::connect, Gate::lose, Gate::connect, notify_connect]);
    assert!(!gate.is_open() && gate.delivers_messages(), "messages of the first connection may follow");
    assert_eq!((gate.state(), gate.connections(), gate.generation()), (State::Connecting, 2, 1));
    assert!(gate.notify_retry() && !gate.delivers_messages());
    notify_connect(&mut gate);
    assert!(gate.is_open() && gate.delivers_messages());
    assert_eq!((gate.state(), gate.connections(), gate.generation()), (State::Open, 2, 2));
}

#[test]
fn hosts_that_close_early_are_notified_of_the_end_only() {
    let mut gate = gate_after(&[Gate::connect, Gate::close_by_host]);
    assert!(gate.is_closed_early() && !gate.notify_connect() && !gate.delivers_messages());
    assert_eq!((gate.state(), gate.generation()), (State::Closing, 0));
    assert!(!gate.retry(), "no other connection follows");
    gate.end();
    gate.notify_close();
    assert_eq!(gate.state(), State::Closed);
}

#[test]
fn hosts_that_close_after_the_library_close_early_if_they_were_not_notified() {
    let library_first: [fn(&mut Gate); 3] = [Gate::connect, Gate::close_by_library, Gate::close_by_host];
    assert!(gate_after(&library_first).is_closed_early());
    let notified: [fn(&mut Gate); 4] = [Gate::connect, notify_connect, Gate::close_by_library, Gate::close_by_host];
    let gate = gate_after(&notified);
    assert!(gate.is_closed_by_host() && !gate.is_closed_early());
}

#[test]
fn hosts_that_abort_get_no_message_and_no_other_event() {
    let open: [fn(&mut Gate); 3] = [Gate::connect, notify_connect, Gate::abort];
    let mut gate = gate_after(&open);
    assert!(!gate.is_open() && !gate.delivers_messages() && gate.is_closed_by_host() && !gate.retry());
    assert_eq!(gate.state(), State::Closing);
    gate.close_by_host();
    gate.end();
    assert!(!gate.delivers_messages(), "a close does not change that");
    gate.notify_close();
    gate.abort();
    assert_eq!(gate.state(), State::Closed);
    let mut lost = gate_after(&[Gate::connect, notify_connect, Gate::lose, Gate::connect, Gate::abort]);
    assert!(!lost.notify_retry() && !lost.notify_connect() && !lost.delivers_messages());
    let mut given_up = gate_after(&[Gate::connect, notify_connect, Gate::lose, Gate::end, Gate::abort]);
    assert!(!given_up.notify_retry(), "the last loss is reported with the end");
}

#[test]
#[should_panic(expected = "Connect in Open")]
#[cfg(debug_assertions)]
fn transitions_that_are_not_allowed_are_found() {
    gate_after(&[Gate::connect, notify_connect, Gate::connect]);
}
