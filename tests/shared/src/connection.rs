//! One connection from the connect call to its end, with any options, and the response of the server.

use crate::client::{Driver, Loop};
use crate::close_report::CloseReport;
use crate::response::{Response, Responses};
use ::egret_ws::*;

/// The error and the log lines of a connect call that failed.
#[derive(Debug)]
pub struct ConnectError {
    pub error: i32,
    pub log: Vec<String>,
}

/// The outcome of a connection.
pub struct Outcome {
    pub report: CloseReport,
    /// The response that `on_connect` has read, if it was called.
    pub opened: Option<Response>,
    /// The response that `on_close` has read.
    pub closed: Response,
    /// All log lines.
    pub log: Vec<String>,
}

impl Outcome {
    /// Checks that the connection was opened, and has ended with a closing handshake.
    #[track_caller]
    pub fn expect_open(&self) -> &Response {
        assert_eq!((self.report.error, self.report.http_status), (EGRET_WS_OK, 101), "{:#?}", self.report);
        self.opened.as_ref().expect("on_connect came")
    }

    /// Checks that the connection was not opened, and has ended in the phase of the upgrade.
    #[track_caller]
    pub fn expect_refusal(&self, error: i32, initiator: i32, http_status: i32) -> &Response {
        self.report.expect(error, EGRET_WS_PHASE_HANDSHAKE, initiator);
        assert_eq!(self.report.http_status, http_status, "{:#?}", self.report);
        assert!(self.opened.is_none(), "on_connect came");
        &self.closed
    }
}

/// Runs a whole connection on its own loop, which logs at the lowest level. The connect call must succeed.
#[track_caller]
pub fn run_connection(driver: Driver, url: impl AsRef<[u8]>, set: impl FnOnce(&mut egret_ws_options)) -> Outcome {
    let host = talkative(driver);
    let socket = host.open_url(url, set).expect("the connect call succeeds");
    socket.keep_responses();
    let report = socket.wait_closed();
    let Responses { opened, closed } = socket.take_responses();
    drop(socket);
    Outcome { report, opened, closed: closed.expect("on_close came"), log: host.end() }
}

/// Makes a connect call that must fail.
#[track_caller]
pub fn expect_connect_error(url: impl AsRef<[u8]>, set: impl FnOnce(&mut egret_ws_options)) -> ConnectError {
    let host = talkative(Driver::Threaded);
    let error = host.open_url(url, set).err().expect("the connect call fails");
    ConnectError { error, log: host.end() }
}

fn talkative(driver: Driver) -> Loop {
    Loop::with(driver, |options| options.log_level = EGRET_WS_LOG_DEBUG)
}
