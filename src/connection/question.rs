//! The question to the host before each attempt (`on_request`), its answers, and the wait for them.
//!
//! ```text
//!            ask                  wait
//!   begin ──────► asked ◄──────────────────► host waits      suspended: as `host waits`, until the resume asks again
//!                   │       retry_now, resume,   │
//!                   │       another network      │
//!                   ├── connect ──► opening      │
//!                   └── stop, time-out, close ───┴──► closed, or the wait for a retry (time-out)
//! ```

use super::machine::{Connection, Stage, Turn};
use super::ports::{Context, Events, Ports};
use super::report::{Ending, Initiator, Phase, Report};
use super::retry::{End, Outlook};
use crate::config::ConnectConfig;
use crate::error::Error;
use crate::transport::Transport;
use std::time::Instant;

/// The answer of the host.
#[derive(Debug)]
pub enum Answer {
    /// Connect with this configuration, unless the last end shows that the request must be changed.
    Continue(Box<ConnectConfig>),
    /// Connect with this configuration.
    Connect(Box<ConnectConfig>),
    /// The host is not ready. It is asked again when it calls `retry_now`.
    Wait,
    /// Make no connection.
    Stop,
}

/// The data that the host gets with a question.
#[derive(Debug, Default)]
pub(super) struct Subject {
    /// 0 for the first attempt, otherwise the number that `on_retry` has reported.
    pub(super) attempt: u32,
    /// The end before this attempt.
    pub(super) last: Option<Report>,
}

/// A question whose attempt has not begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    state: QuestionState,
    /// The time at which the attempt ends. `None`: the loop was suspended and closes connections on suspend; the resume continues
    /// the attempt.
    deadline: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QuestionState {
    /// The host has not answered.
    Asked,
    /// Like `Asked`, but the host has called `retry_now` after the question, so it may be ready now. If it answers that it is not
    /// ready, it is asked again.
    AskedAndCalled,
    /// The host is not ready.
    HostWaits,
}

impl Question {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn suspend(&mut self) {
        self.deadline = None;
    }
}

impl<S: Transport> Connection<S> {
    /// Asks the host about the next attempt.
    pub(super) fn ask<P: Ports<Stream = S>>(&mut self, deadline: Instant, context: &mut Context<'_, P>) {
        let Some(subject) = &self.asks else { return };
        context.events.asked(subject.attempt, subject.last.as_ref());
        self.stage = Stage::Asking(Question { state: QuestionState::Asked, deadline: Some(deadline) });
    }

    /// Asks again, because the host does not want to wait, or for another reason.
    pub(super) fn ask_again<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) {
        let Stage::Asking(question) = &mut self.stage else { return };
        let deadline = *question.deadline.get_or_insert(context.now + self.limits.open);
        match question.state {
            QuestionState::Asked => question.state = QuestionState::AskedAndCalled,
            QuestionState::AskedAndCalled => {}
            QuestionState::HostWaits => self.ask(deadline, context),
        }
    }

    /// The host has answered the question.
    pub fn answered<P: Ports<Stream = S>>(&mut self, answer: Answer, context: &mut Context<'_, P>) -> Turn {
        let (Stage::Asking(question), Some(subject)) = (&mut self.stage, &self.asks) else { return Turn::Wait };
        if question.state == QuestionState::HostWaits {
            return Turn::Wait;
        }
        let config = match answer {
            Answer::Connect(config) => Some(config),
            Answer::Continue(config) if !subject.needs_change() => Some(config),
            Answer::Wait => None,
            Answer::Continue(_) | Answer::Stop => {
                self.stop(context);
                return Turn::Wait;
            }
        };
        match (config, question.deadline) {
            (Some(config), Some(_)) => {
                if subject.attempt > 0 {
                    context.events.retry_started(config.target.authority());
                }
                return self.open(config, context);
            }
            (None, Some(deadline)) if question.state == QuestionState::AskedAndCalled => self.ask(deadline, context),
            // After a suspend the host is asked again, because its answer may be outdated.
            _ => question.state = QuestionState::HostWaits,
        }
        Turn::Wait
    }

    /// The time of the question is over.
    pub(super) fn question_expired<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) {
        let message = "on_request has not allowed the connection to begin within open_timeout_ms";
        self.retry_or_end(Ending::new(Error::Timeout, Initiator::Local, message), Phase::Request, context);
    }

    /// The host wants no further attempt. The report is the one of the last end.
    fn stop<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) {
        let last = self.asks.as_mut().and_then(|subject| subject.last.take());
        let ending = Ending::new(Error::Aborted, Initiator::Local, "on_request has stopped the connection");
        let Some(ended) = self.leave(ending, Phase::Request, context) else { return };
        let report = match last {
            // Messages that the earlier report has counted are not counted twice.
            Some(last) => Report {
                message: format!("{}; {}", last.message, ended.report.message),
                unsent_messages: ended.report.unsent_messages,
                unsent_bytes: ended.report.unsent_bytes,
                ..last
            },
            None => ended.report,
        };
        context.send_queue.lock().end();
        context.events.closed(report, None);
    }
}

impl Subject {
    /// Returns whether another attempt with an equal request would end in the same way.
    fn needs_change(&self) -> bool {
        self.last.as_ref().is_some_and(|last| End::from(last).outlook() == Outlook::NeedsChange)
    }
}
