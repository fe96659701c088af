//! The question to the host before each attempt (`on_request`), and the changes that the host then makes to the request.

use super::Socket;
use crate::config::ConnectConfig;
use crate::connection::Answer;
use crate::engine::command_queue::{Answered, Command};
use crate::error::{DetailedError, Error};

/// The answer of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestAnswer {
    /// Connect, unless the last end shows that the request must be changed.
    Continue,
    /// Connect.
    Connect,
    /// The host is not ready. `retry_now` asks it again.
    Wait,
    /// Make no connection.
    Stop,
}

impl Socket {
    /// Changes the request of the next attempts. A change that is refused changes nothing.
    pub fn change_request(
        &self,
        change: impl FnOnce(&mut ConnectConfig) -> Result<(), DetailedError>,
    ) -> Result<(), DetailedError> {
        let Some(request) = &self.request else { return Err(Error::BadHandle.into()) };
        change(&mut request.lock())
    }

    /// Returns whether the engine still waits for the answer to this question, and the host has not closed the socket.
    pub(super) fn is_asked(&self, question: u32) -> bool {
        self.shared.is_asked(question) && !self.shared.send_queue.lock().gate().is_closing()
    }

    /// Handles the answer of the host to a question.
    pub(super) fn answer(&self, question: u32, answer: RequestAnswer) {
        let Some(request) = &self.request else { return };
        let answer = match answer {
            RequestAnswer::Continue => Answer::Continue(request.lock().clone()),
            RequestAnswer::Connect => Answer::Connect(request.lock().clone()),
            RequestAnswer::Wait => Answer::Wait,
            RequestAnswer::Stop => Answer::Stop,
        };
        let command = Command::Answered(self.shared.clone(), Box::new(Answered { question, answer }));
        // If the engine has ended, its connections have ended too, so there is nothing to do.
        if self.host_loop.shared().push(command).is_ok() {
            self.host_loop.scheduler.command_queued();
        }
    }
}
