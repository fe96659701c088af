//! Reconnecting: whether, and after what wait.
//!
//! ```text
//!   wait before try n = Retry-After + floor + random · (min(ceiling, first · 2ⁿ⁻¹) − floor)
//! ```
//!
//! The wait is drawn from the whole span ("full jitter"), so that the clients of a server that went away come back one by one.

use super::Plan;
use super::report::Report;
use crate::error::Error;
use crate::protocol::upgrade::header;
use std::time::{Duration, Instant};

/// How long a connection has to be open for its end to count as the first.
const STABLE: Duration = Duration::from_secs(10);
/// The most that a `Retry-After` is believed.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How often and when to try again. `floor <= first <= ceiling`.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Options {
    /// `u32::MAX`: without limit.
    pub attempts: u32,
    pub floor: Duration,
    pub first: Duration,
    pub ceiling: Duration,
    /// From the loss to the last try.
    pub total: Option<Duration>,
    /// Keep what was not sent.
    pub resend: bool,
}

/// The reconnecting of one socket.
#[derive(Debug)]
pub(super) struct Retry {
    pub(super) options: Options,
    /// What every try begins with, whatever a redirect made of it.
    pub(super) plan: Plan,
    /// Tries since `lost`.
    attempt: u32,
    lost: Option<Instant>,
    opened: Option<Instant>,
}

/// What comes of a loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is tried again after a wait.
    Wait { attempt: u32, delay: Duration },
    /// Trying again would be of no use.
    Useless,
    /// It has been tried enough; why, for the host.
    Enough(String),
}

impl Retry {
    pub(super) fn new(options: Options, plan: Plan) -> Retry {
        Retry { options, plan, attempt: 0, lost: None, opened: None }
    }

    /// A connection was made.
    pub(super) fn opened(&mut self, now: Instant) {
        self.opened = Some(now);
    }

    /// What was lost before does not count any more.
    pub(super) fn count_anew(&mut self) {
        (self.attempt, self.lost) = (0, None);
    }

    /// A connection was lost, or could not be made. `headers` are those of the server's answer, if it refused; `random` is
    /// any number.
    pub(super) fn lost(&mut self, now: Instant, report: &Report, headers: Option<&str>, random: u32) -> Verdict {
        if self.opened.take().is_some_and(|opened| now.saturating_duration_since(opened) >= STABLE) {
            self.count_anew();
        }
        if !is_worthwhile(report) {
            return Verdict::Useless;
        }
        let Options { attempts, floor, first, ceiling, total, .. } = self.options;
        if self.attempt >= attempts {
            let tries = if attempts == 1 { "try" } else { "tries" };
            return Verdict::Enough(format!("given up after {attempts} {tries}"));
        }
        let doubled = first.saturating_mul(1u32.checked_shl(self.attempt).unwrap_or(u32::MAX));
        let span = doubled.min(ceiling).saturating_sub(floor);
        let jitter = span.mul_f64(f64::from(random) / f64::from(u32::MAX));
        let delay = headers.and_then(retry_after).unwrap_or_default() + floor + jitter;
        let since = now.saturating_duration_since(*self.lost.get_or_insert(now));
        if let Some(total) = total
            && since + delay > total
        {
            return Verdict::Enough(format!(
                "given up: the next try would be {} ms after the loss",
                (since + delay).as_millis()
            ));
        }
        self.attempt = self.attempt.saturating_add(1);
        Verdict::Wait { attempt: self.attempt, delay }
    }
}

/// Might another try end otherwise?
fn is_worthwhile(report: &Report) -> bool {
    let hopeless = matches!(
        report.error,
        Some(
            Error::Internal
                | Error::InvalidUtf8
                | Error::MessageTooBig
                | Error::Protocol
                | Error::TlsOptions
                | Error::TlsPin
        )
    );
    !hopeless
        && !matches!(report.http_status, 401 | 403 | 404 | 407 | 410)
        && !matches!(report.code, 1002 | 1007 | 1008 | 1009)
}

/// How long the server wants to be left alone (RFC 9110 section 10.2.3). A date counts from the server's own, so that this
/// machine's clock may be wrong.
fn retry_after(headers: &str) -> Option<Duration> {
    let value = header(headers, "retry-after")?;
    let wait = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = httpdate::parse_http_date(&value).ok()?;
            let now = httpdate::parse_http_date(&header(headers, "date")?).ok()?;
            at.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}
