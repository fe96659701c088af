//! The reason why a check failed, and the remedy, as text and as an exit code.

mod open;
mod tls;
mod upgrade;

use crate::abi::Report;
use crate::check::Check;
use crate::settings::Settings;
use crate::words::{duration, plain, span};
use ::egret_ws::*;
use open::open;
use tls::tls;
use upgrade::{redirect, upgrade};

/// The exit codes. docs/doctor.md lists them, so their numbers do not change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exit {
    Fine = 0,
    Doctor = 1,
    Arguments = 2,
    Name = 3,
    Tcp = 4,
    Proxy = 5,
    Tls = 6,
    Upgrade = 7,
    Open = 8,
    Close = 9,
}

/// The result of a check.
#[derive(Debug)]
pub struct Diagnosis {
    pub exit: Exit,
    pub summary: String,
    /// Steps to take, with the most probable one first.
    pub advice: Vec<String>,
}

impl Diagnosis {
    fn new(exit: Exit, summary: impl Into<String>, advice: &[&str]) -> Diagnosis {
        Diagnosis { exit, summary: summary.into(), advice: advice.iter().map(|text| text.to_string()).collect() }
    }

    fn advise(mut self, text: impl Into<String>) -> Diagnosis {
        self.advice.push(text.into());
        self
    }
}

/// Diagnoses a check that has ended. `now` is the time in seconds since 1970.
pub fn diagnose(check: &Check, settings: &Settings, now: i64) -> Diagnosis {
    let Some(report) = &check.report else {
        return Diagnosis::new(Exit::Doctor, "The check has not ended.", &[]);
    };
    match report.error {
        EGRET_WS_ERR_NO_RESOURCES | EGRET_WS_ERR_INTERNAL => {
            return Diagnosis::new(
                Exit::Doctor,
                sentence(&report.message),
                &[
                    "This is a fault of this machine or of the library, not of the server. With --verbose the log has more.",
                ],
            );
        }
        EGRET_WS_ERR_TLS_OPTIONS => {
            return Diagnosis::new(
                Exit::Arguments,
                sentence(&report.message),
                &["Check the files of --roots and --identity, and the password."],
            );
        }
        _ => {}
    }
    match report.phase {
        EGRET_WS_PHASE_RESOLVE => of_proxy(check, name(check, settings, report)),
        EGRET_WS_PHASE_CONNECT => of_proxy(check, tcp(check, settings, report)),
        EGRET_WS_PHASE_PROXY => proxy(check, report, now),
        EGRET_WS_PHASE_TLS => tls(check, report, now),
        EGRET_WS_PHASE_HANDSHAKE => upgrade(check, settings, report),
        _ => open(check, settings, report),
    }
}

/// If there is a proxy, changes a diagnosis of the connection to it, because it does not concern the server.
fn of_proxy(check: &Check, mut diagnosis: Diagnosis) -> Diagnosis {
    if !check.opening.proxy.is_empty() && diagnosis.exit != Exit::Upgrade {
        diagnosis.exit = Exit::Proxy;
        let proxy = plain(&check.opening.proxy);
        diagnosis.summary = format!("The proxy {proxy} cannot be reached. {}", diagnosis.summary);
        diagnosis.advice.insert(0, "Is the URL of the proxy correct, and is the proxy running?".to_owned());
    }
    diagnosis
}

/// Returns a message of the library as a sentence.
fn sentence(message: &str) -> String {
    let message = plain(message);
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

fn name(check: &Check, settings: &Settings, report: &Report) -> Diagnosis {
    let host = check.host();
    if report.error == EGRET_WS_ERR_TIMEOUT {
        return Diagnosis::new(
            Exit::Name,
            format!("No DNS server answered the question for {host} within {} s.", settings.timeout.as_secs()),
            &[
                "Is the network up, and does it need a login page or a VPN?",
                "Another DNS server may be faster. A game can pass addresses it has found itself: option `addresses`, here --address.",
            ],
        );
    }
    Diagnosis::new(
        Exit::Name,
        format!("The name {host} was not found."),
        &[
            "Check the spelling of the host in the URL.",
            "Does the name resolve elsewhere (`nslookup`)? Then the DNS server of this network is at fault, or hides the name.",
            "A new DNS record may take hours to arrive. Until then, try the address of the server: --address.",
        ],
    )
}

fn tcp(check: &Check, settings: &Settings, report: &Report) -> Diagnosis {
    if report.error == EGRET_WS_ERR_REDIRECT {
        return redirect(check, report);
    }
    let place = match &check.opening.tried[..] {
        [] => check.host(),
        [(address, _)] => address.clone(),
        several => format!("any of {} addresses of {}", several.len(), check.host()),
    };
    let says = report.message.to_lowercase();
    if report.error == EGRET_WS_ERR_TIMEOUT {
        return Diagnosis::new(
            Exit::Tcp,
            format!("No answer from {place} within {} s.", settings.timeout.as_secs()),
            &[
                "A firewall drops the packets, on the way or at the server: is the port open there, in its security group too?",
                "The server may be down, or the address may be outdated: compare it with the address that its operator uses.",
                "Does it work in another network? Then this one blocks the port; 443 is the one that most networks let through.",
            ],
        );
    }
    if says.contains("refused") {
        let tried = &check.opening.tried;
        let all_refused = tried.iter().all(|(_, result)| result.to_lowercase().contains("refused"));
        let refusal = match tried.len() {
            0 | 1 => format!("{place} refused"),
            2 if all_refused => format!("both addresses of {} refused", check.host()),
            number => format!("none of the {number} addresses of {} accepted", check.host()),
        };
        let port = if check.opening.proxy.is_empty() {
            "Is the port in the URL correct? The default is 80 for ws and 443 for wss."
        } else {
            "Is the port in the URL of the proxy correct? The default is 80 for http, 443 for https and 1080 for socks5."
        };
        return Diagnosis::new(
            Exit::Tcp,
            format!("The machine answers, but no server listens: {refusal} the connection."),
            &[
                "Is the server running, and does it listen on this port? On the server: `ss -ltn`.",
                "Does it listen on 127.0.0.1 only? Then other machines cannot reach it.",
                port,
            ],
        );
    }
    if says.contains("unreachable") || says.contains("no route") {
        return Diagnosis::new(
            Exit::Tcp,
            format!("There is no route to {place}."),
            &[
                "Is this machine online? Does it have IPv4, IPv6 or both? The addresses above show which family was tried.",
                "A private address (10., 172.16., 192.168.) works in its own network or VPN only.",
            ],
        );
    }
    Diagnosis::new(
        Exit::Tcp,
        format!("No TCP connection to {place} could be made."),
        &["The lines above show the error of each address."],
    )
}

fn proxy(check: &Check, report: &Report, now: i64) -> Diagnosis {
    let name = if check.opening.proxy.is_empty() {
        "The proxy".to_owned()
    } else {
        format!("The proxy {}", check.opening.proxy)
    };
    if matches!(
        report.error,
        EGRET_WS_ERR_TLS | EGRET_WS_ERR_TLS_EXPIRED | EGRET_WS_ERR_TLS_HOST | EGRET_WS_ERR_TLS_ISSUER
    ) {
        let of_tls = tls(check, report, now);
        let summary = format!("TLS to the proxy failed. {}", of_tls.summary);
        return Diagnosis { exit: Exit::Proxy, summary, advice: of_tls.advice }
            .advise("Does the proxy use TLS? If not, use http:// in its URL.");
    }
    if report.error == EGRET_WS_ERR_REDIRECT {
        return redirect(check, report);
    }
    let (summary, advice): (String, &[&str]) = match (report.http_status, report.error) {
        (401 | 407, _) => (
            format!(
                "{name} requires a user name and a password, or does not accept these (HTTP {}).",
                report.http_status
            ),
            &[
                "Put them into the URL of the proxy: --proxy http://user:password@host:port (percent-encode special characters, for example %40 for @).",
                "A proxy that only accepts NTLM or Kerberos cannot be used: the library sends basic authentication.",
            ],
        ),
        (403 | 405, _) => (
            format!("{name} does not let this connection pass (HTTP {}).", report.http_status),
            &[
                "Many proxies allow CONNECT to port 443 only: serve wss on port 443.",
                "Ask the operator of the proxy to allow this host and port.",
            ],
        ),
        (404 | 500..=599, _) => (
            format!("{name} cannot reach the server (HTTP {}).", report.http_status),
            &["Is the server up? Its name is looked up by the proxy, which may not know a name of your own network."],
        ),
        (_, EGRET_WS_ERR_TIMEOUT) => (
            format!("{name} accepted the connection, but does not answer."),
            &[
                "Is it a proxy of this kind? An HTTP proxy is http://host:port, one with TLS https://host:port, a SOCKS proxy socks5://host:port.",
            ],
        ),
        _ => (
            format!("{name} failed."),
            &[
                "Is it a proxy of this kind? An HTTP proxy is http://host:port, one with TLS https://host:port, a SOCKS proxy socks5://host:port.",
                "Try without a proxy: is one needed in this network?",
            ],
        ),
    };
    Diagnosis::new(Exit::Proxy, summary, advice)
}

/// Findings that are not errors.
pub fn notes(check: &Check, settings: &Settings, now: i64) -> Vec<String> {
    const SLOW_STAGE_US: u64 = 1_000_000;
    const SLOW_ROUND_TRIP_US: u64 = 200_000;
    const SOON: i64 = 14 * 86_400;
    let mut notes = vec![];
    let opening = &check.opening;
    for (stage, us, cause) in [
        (
            "The look-up of the name",
            opening.resolve_us,
            "The DNS server is far away, or the first one does not answer.",
        ),
        ("TCP", opening.connect_us, "The server is far away, packets are lost, or the first addresses do not answer."),
        ("The proxy", opening.proxy_us, "It is busy, or the server is far from it."),
        ("TLS", opening.tls_us, "The server is busy or far away: TLS needs one or two more round trips."),
        ("The upgrade", opening.handshake_us, "The server does work before it answers, such as a check of the token."),
    ] {
        if us > SLOW_STAGE_US && check.is_open {
            notes.push(format!("{stage} took {}. {cause}", duration(us)));
        }
    }
    let mut times = check.round_trips.times_us.clone();
    if times.len() < check.round_trips.sent as usize && check.has_closed {
        notes.push("The server did not answer a ping, so the statistics of a game contain no round trip.".to_owned());
    }
    times.sort_unstable();
    if let (Some(&median), Some(&longest)) = (times.get(times.len() / 2), times.last()) {
        if median > SLOW_ROUND_TRIP_US {
            notes.push(format!(
                "Round trips are slow: {}. A player notices from 100 ms on; the server may be on another continent, or busy.",
                duration(median)
            ));
        } else if longest > 100_000 && longest > 4 * median {
            notes.push(format!(
                "Round trips are uneven: usually {}, once {}. Wi-Fi or a mobile network loses packets, or the server pauses.",
                duration(median),
                duration(longest)
            ));
        }
    }
    if let Some(tls) = &opening.tls
        && check.is_open
    {
        for certificate in tls.certificates.iter().flatten() {
            if certificate.not_after < now {
                notes.push(format!("The certificate {} has expired.", plain(&certificate.subject)));
            } else if certificate.not_after - now < SOON {
                let left = span(certificate.not_after - now);
                notes.push(format!("The certificate {} expires in {left}.", plain(&certificate.subject)));
            }
        }
    }
    if settings.accepts_any_certificate && check.url.is_secure {
        notes.push("--insecure: the certificate was not checked.".to_owned());
    }
    if opening.tried.iter().any(|(_, result)| result != "connected") && check.is_open {
        notes.push("Some addresses did not work: players who get them first wait longer.".to_owned());
    }
    notes
}
