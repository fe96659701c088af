//! Decides whether a lost connection is retried, and after which delay.
//!
//! ```text
//!   delay before retry n = Retry-After + floor + random · (min(ceiling, first · 2ⁿ⁻¹) − floor)
//! ```
//!
//! The delay is random within the whole span ("full jitter"), so that not all clients of a failed server come back at once.

use super::report::{Initiator, Phase, Report};
use crate::config::{ConnectConfig, RetryOptions};
use crate::error::Error;
use crate::protocol::close::ABNORMAL;
use crate::protocol::http_head::header;
use std::time::{Duration, Instant};

/// If a connection was open for this time, its end counts as the first loss again.
const STABLE: Duration = Duration::from_secs(10);
/// A longer `Retry-After` is shortened to this.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The retries of one socket.
#[derive(Debug)]
pub(super) struct Retry {
    pub(super) options: RetryOptions,
    /// The configuration of each attempt, without the changes of redirects. `None`: the host provides it each time
    /// (`on_request`).
    pub(super) config: Option<Box<ConnectConfig>>,
    /// The number of retries since `lost_at`.
    attempt: u32,
    lost_at: Option<Instant>,
    opened_at: Option<Instant>,
}

/// The decision after a loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The connection is retried after a delay.
    Retry { attempt: u32, delay: Duration },
    /// It ends, because a retry would fail in the same way.
    End,
    /// It ends, because no attempts or no time are left. The text says to the host which of the two is used up.
    GiveUp(String),
}

/// How the host influences a decision.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HostPart {
    /// The host has set `on_request`, and can change the request before the retry.
    pub(super) asks: bool,
    /// The host has suspended the loop, and that has ended the connection.
    pub(super) has_suspended: bool,
}

impl Retry {
    pub(super) fn new(options: RetryOptions, config: Option<Box<ConnectConfig>>) -> Retry {
        Retry { options, config, attempt: 0, lost_at: None, opened_at: None }
    }

    /// A connection was made.
    pub(super) fn opened(&mut self, now: Instant) {
        self.opened_at = Some(now);
    }

    /// Forgets earlier losses.
    pub(super) fn reset(&mut self) {
        (self.attempt, self.lost_at) = (0, None);
    }

    /// Decides after a connection was lost, or could not be made. `headers` are those of the server's response, if it has
    /// refused. `random` is a random number.
    pub(super) fn decide(
        &mut self,
        now: Instant,
        report: &Report,
        headers: Option<&str>,
        host: HostPart,
        random: u32,
    ) -> Decision {
        if self.opened_at.take().is_some_and(|opened| now.saturating_duration_since(opened) >= STABLE) {
            self.reset();
        }
        let is_worthwhile = match End::from(report).outlook() {
            Outlook::Good => true,
            Outlook::NeedsChange => host.asks,
            Outlook::Hopeless => false,
            // A suspend ends a connection as the host does, but the socket connects again when the loop is resumed.
            Outlook::Requested => host.has_suspended,
        };
        if !is_worthwhile {
            return Decision::End;
        }
        let RetryOptions { attempts, floor, first, ceiling, total, .. } = self.options;
        if self.attempt >= attempts {
            let plural = if attempts == 1 { "" } else { "s" };
            return Decision::GiveUp(format!("given up after {attempts} attempt{plural}"));
        }
        let doubled = first.saturating_mul(1u32.checked_shl(self.attempt).unwrap_or(u32::MAX));
        let span = doubled.min(ceiling).saturating_sub(floor);
        let jitter = span.mul_f64(f64::from(random) / f64::from(u32::MAX));
        let delay = headers.and_then(retry_after).unwrap_or_default() + floor + jitter;
        let since = now.saturating_duration_since(*self.lost_at.get_or_insert(now));
        if let Some(total) = total
            && since + delay > total
        {
            return Decision::GiveUp(format!(
                "given up: the next attempt would be {} ms after the loss",
                (since + delay).as_millis()
            ));
        }
        self.attempt = self.attempt.saturating_add(1);
        Decision::Retry { attempt: self.attempt, delay }
    }
}

/// The properties of a connection's end that decide about a retry.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct End {
    pub error: Option<Error>,
    /// The number of the phase.
    pub phase: i32,
    pub initiator: Initiator,
    pub http_status: u16,
    pub code: u16,
    pub sent_code: u16,
}

impl From<&Report> for End {
    fn from(report: &Report) -> End {
        let &Report { error, phase, initiator, http_status, code, sent_code, .. } = report;
        End { error, phase: phase as i32, initiator, http_status, code, sent_code }
    }
}

/// Whether another connection can be successful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It can, so the connection is retried.
    Good,
    /// It can only if the host changes the request. It is retried if `on_request` is set, which then decides.
    NeedsChange,
    /// It would end in the same way.
    Hopeless,
    /// The host, or a suspend of its loop, has requested the end.
    Requested,
}

impl End {
    /// Returns the result of the rule of `retry_attempts`. `egret_ws_is_retryable` documents the rule as a table.
    pub fn outlook(self) -> Outlook {
        let is_final = |code| matches!(code, 1002 | 1007 | 1008 | 1009);
        if self.has_lasting_error() || is_final(self.code) || is_final(self.sent_code) {
            Outlook::Hopeless
        } else if self.is_requested() {
            Outlook::Requested
        } else if matches!(self.http_status, 401 | 403 | 404 | 407 | 410) {
            Outlook::NeedsChange
        } else {
            Outlook::Good
        }
    }

    fn has_lasting_error(self) -> bool {
        use Error::*;
        match self.error {
            None | Some(Aborted) => false,
            Some(
                Resolve | Connect | Proxy | Handshake | Refused | Redirect | Timeout | ConnectionLost | NoResources
                | Tls | TlsExpired,
            ) => false,
            Some(TlsHost | TlsIssuer | TlsPin | TlsOptions | Protocol | InvalidUtf8 | MessageTooBig | Internal) => true,
            // No connection ends with these errors, which only calls return.
            Some(
                InvalidArgument | BadHandle | BadStruct | Reentrant | Busy | Forked | Unsupported | NotOpen
                | Backpressure | InvalidUrl | InvalidClose | NotFound,
            ) => true,
        }
    }

    /// Returns whether this side has requested the end. A closing handshake that this side has begun may also fail. If the peer
    /// has begun the handshake, there is a code of the peer.
    fn is_requested(self) -> bool {
        let closing = self.phase > Phase::Open as i32;
        match self.error {
            Some(Error::Aborted) => true,
            None => self.initiator == Initiator::Local,
            Some(_) => closing && (self.initiator == Initiator::Local || self.code == ABNORMAL),
        }
    }
}

/// Returns the delay that the server requests (RFC 9110 section 10.2.3). A date is compared with the server's own date, because
/// the clock of this machine may be wrong.
fn retry_after(headers: &str) -> Option<Duration> {
    let value = header(headers, "retry-after")?;
    let delay = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = httpdate::parse_http_date(&value).ok()?;
            let now = httpdate::parse_http_date(&header(headers, "date")?).ok()?;
            at.duration_since(now).unwrap_or_default()
        }
    };
    Some(delay.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::super::report::Ending;
    use super::super::tests::simulation::config;
    use super::*;

    const OPTIONS: RetryOptions = RetryOptions {
        attempts: u32::MAX,
        floor: Duration::from_millis(250),
        first: Duration::from_millis(4_000),
        ceiling: Duration::from_millis(30_000),
        total: None,
        resend: false,
    };

    fn retry(options: RetryOptions) -> Retry {
        Retry::new(options, Some(Box::new(config("ws://10.0.0.1/"))))
    }

    fn report(error: Error) -> Report {
        Report::new(Ending::new(error, Initiator::Transport, "lost"), Phase::Open)
    }

    fn decide(retry: &mut Retry, now: Instant, random: u32) -> Decision {
        retry.decide(now, &report(Error::ConnectionLost), None, HostPart::default(), random)
    }

    fn after(attempt: u32, milliseconds: u64) -> Decision {
        Decision::Retry { attempt, delay: Duration::from_millis(milliseconds) }
    }

    #[test]
    fn the_delay_is_drawn_from_a_span_that_doubles_up_to_the_ceiling() {
        let now = Instant::now();
        let (mut least, mut most, mut middle) = (retry(OPTIONS), retry(OPTIONS), retry(OPTIONS));
        for attempt in 1..=100 {
            let span = [4_000, 8_000, 16_000].get(attempt as usize - 1).copied().unwrap_or(30_000);
            assert_eq!(decide(&mut least, now, 0), after(attempt, 250));
            assert_eq!(decide(&mut most, now, u32::MAX), after(attempt, span));
            let Decision::Retry { delay, .. } = decide(&mut middle, now, u32::MAX / 4) else { panic!("no retry") };
            let quarter = Duration::from_millis(250) + Duration::from_millis(span - 250) / 4;
            assert!(quarter.abs_diff(delay) < Duration::from_micros(1), "{delay:?}, not {quarter:?}");
        }
    }

    #[test]
    fn floor_first_and_ceiling_may_be_equal() {
        let same = Duration::from_millis(1500);
        let mut retry = retry(RetryOptions { floor: same, first: same, ceiling: same, ..OPTIONS });
        for (attempt, random) in (1..5).zip([0, 1, u32::MAX / 2, u32::MAX]) {
            assert_eq!(decide(&mut retry, Instant::now(), random), after(attempt, 1500));
        }
    }

    #[test]
    fn retries_end_after_the_configured_attempts() {
        let now = Instant::now();
        let mut retry = retry(RetryOptions { attempts: 2, ..OPTIONS });
        assert_eq!(decide(&mut retry, now, 0), after(1, 250));
        assert_eq!(decide(&mut retry, now, 0), after(2, 250));
        assert!(matches!(decide(&mut retry, now, 0), Decision::GiveUp(why) if why.contains('2')));
    }

    #[test]
    fn no_retry_begins_after_the_total_time() {
        let now = Instant::now();
        let mut retry = retry(RetryOptions { total: Some(Duration::from_millis(10_000)), ..OPTIONS });
        assert_eq!(decide(&mut retry, now, 0), after(1, 250));
        let last = now + Duration::from_millis(9_750);
        assert_eq!(decide(&mut retry, last, 0), after(2, 250), "it begins in the last millisecond");
        assert!(matches!(decide(&mut retry, last, u32::MAX / 1000), Decision::GiveUp(_)));
    }

    #[test]
    fn ten_seconds_open_reset_attempts_and_time() {
        let now = Instant::now();
        let mut retry = retry(RetryOptions { attempts: 1, total: Some(Duration::from_secs(60)), ..OPTIONS });
        assert_eq!(decide(&mut retry, now, 0), after(1, 250));
        retry.opened(now);
        let soon = now + STABLE - Duration::from_nanos(1);
        assert!(matches!(decide(&mut retry, soon, 0), Decision::GiveUp(_)));
        retry.opened(now);
        assert_eq!(decide(&mut retry, now + STABLE, 0), after(1, 250));
        assert!(matches!(decide(&mut retry, now + 5 * STABLE, 0), Decision::GiveUp(_)), "an opening counts once");
        retry.opened(now);
        let late = now + Duration::from_secs(3600);
        assert_eq!(decide(&mut retry, late, 0), after(1, 250), "the hour in which it was open does not count");
    }

    /// Checks every error, initiator, phase and code, and the statuses near those of the rule. Besides these, a decision depends
    /// only on the part of the host. Each decision agrees with the rule.
    #[test]
    fn exploration_of_every_end_follows_the_rule() {
        use Initiator::{Local, Peer, Transport};
        const PHASES: [Phase; 9] = [
            Phase::Request,
            Phase::Resolve,
            Phase::Connect,
            Phase::Proxy,
            Phase::Tls,
            Phase::Handshake,
            Phase::Open,
            Phase::Flush,
            Phase::Closing,
        ];
        const RETRIED: [Error; 11] = [
            Error::Resolve,
            Error::Connect,
            Error::Proxy,
            Error::Handshake,
            Error::Refused,
            Error::Redirect,
            Error::Timeout,
            Error::ConnectionLost,
            Error::NoResources,
            Error::Tls,
            Error::TlsExpired,
        ];
        const NEED_CHANGE: [u16; 5] = [401, 403, 404, 407, 410];
        const FINAL_CODES: [u16; 4] = [1002, 1007, 1008, 1009];
        let errors = (-100..0).filter_map(Error::from_code).map(Some).chain([None]);
        let mut rows = Vec::new();
        for error in errors {
            for initiator in [Local, Peer, Transport] {
                let statuses = [0, 101, 200, 301, 302, 308, 451, 500, 502, 503, 599].into_iter().chain(399..432);
                rows.extend(statuses.map(|status| (error, initiator, status, ABNORMAL, 0)));
                rows.extend((1000..1016).chain([3000, 4999]).map(|code| (error, initiator, 0, code, code)));
                rows.extend((1000..1016).map(|sent| (error, initiator, 0, ABNORMAL, sent)));
            }
        }
        for (error, initiator, http_status, code, sent_code) in rows {
            let has_lasting_error = error.is_some_and(|error| error != Error::Aborted && !RETRIED.contains(&error));
            let is_final = [code, sent_code].iter().any(|code| FINAL_CODES.contains(code));
            for phase in PHASES {
                let is_requested = match error {
                    Some(Error::Aborted) => true,
                    None => initiator == Local,
                    Some(_) => {
                        matches!(phase, Phase::Flush | Phase::Closing) && (initiator == Local || code == ABNORMAL)
                    }
                };
                let expected = match () {
                    () if has_lasting_error || is_final => Outlook::Hopeless,
                    () if is_requested => Outlook::Requested,
                    () if NEED_CHANGE.contains(&http_status) => Outlook::NeedsChange,
                    () => Outlook::Good,
                };
                let report = Report { error, initiator, phase, http_status, code, sent_code, ..report(Error::Timeout) };
                assert_eq!(End::from(&report).outlook(), expected, "{report:?}");
                for (asks, has_suspended) in [(false, false), (true, false), (false, true), (true, true)] {
                    let again = match expected {
                        Outlook::Good => true,
                        Outlook::NeedsChange => asks,
                        Outlook::Hopeless => false,
                        Outlook::Requested => has_suspended,
                    };
                    let host = HostPart { asks, has_suspended };
                    let decision = retry(OPTIONS).decide(Instant::now(), &report, None, host, 0);
                    assert_eq!(decision != Decision::End, again, "{host:?}, {report:?}");
                }
            }
        }
    }

    #[test]
    fn retry_after_is_parsed_as_seconds_or_as_a_date_by_the_servers_clock() {
        let noon = "Date: Mon, 02 Jan 2006 12:00:00 GMT\n";
        for (headers, seconds) in [
            ("Retry-After: 120\n".to_owned(), Some(120)),
            ("retry-after: 0\n".into(), Some(0)),
            ("Retry-After: 86400\n".into(), Some(86_400)),
            ("Retry-After: 86401\n".into(), Some(86_400)),
            (format!("Retry-After: {}\n", u64::MAX), Some(86_400)),
            ("Retry-After: -1\n".into(), None),
            ("Retry-After: 1.5\n".into(), None),
            ("Retry-After: soon\n".into(), None),
            ("Retry-After:\n".into(), None),
            ("Retry-After: 1\nRetry-After: 2\n".into(), None),
            (format!("{noon}Retry-After: Mon, 02 Jan 2006 12:01:30 GMT\n"), Some(90)),
            (format!("{noon}Retry-After: Monday, 02-Jan-06 12:01:30 GMT\n"), Some(90)),
            (format!("{noon}Retry-After: Mon Jan  2 12:01:30 2006\n"), Some(90)),
            (format!("{noon}Retry-After: Mon, 02 Jan 2006 11:59:00 GMT\n"), Some(0)),
            (format!("{noon}Retry-After: Wed, 04 Jan 2006 12:00:00 GMT\n"), Some(86_400)),
            ("Retry-After: Mon, 02 Jan 2006 12:01:30 GMT\n".into(), None),
            ("Date: today\nRetry-After: Mon, 02 Jan 2006 12:01:30 GMT\n".into(), None),
            (noon.into(), None),
        ] {
            assert_eq!(retry_after(&headers), seconds.map(Duration::from_secs), "{headers}");
        }
    }

    #[test]
    fn retry_after_is_added_to_the_floor_and_the_jitter() {
        let mut retry = retry(OPTIONS);
        let headers = Some("Retry-After: 60\n");
        let decision = retry.decide(Instant::now(), &report(Error::Refused), headers, HostPart::default(), u32::MAX);
        assert_eq!(decision, after(1, 64_000));
        let mut limited = Retry { options: RetryOptions { total: Some(Duration::from_secs(30)), ..OPTIONS }, ..retry };
        let decision = limited.decide(Instant::now(), &report(Error::Refused), headers, HostPart::default(), 0);
        assert!(matches!(decision, Decision::GiveUp(_)), "the delay exceeds the total time");
    }
}
