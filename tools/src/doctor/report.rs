//! The results as text.

use crate::check::Check;
use crate::diagnosis::{Diagnosis, Exit};
use crate::settings::Settings;
use crate::words::{date, duration, hex, plain, span};
use ::egret_ws::*;
use std::fmt::Write;

/// The column where the facts begin.
const INDENT: usize = 12;
/// The largest width of lines with sentences.
const WIDTH: usize = 100;
/// The longest part of a body that is shown. `--json` shows all of it.
const MAX_BODY_CHARS: usize = 2000;

/// A report that grows from stage to stage.
#[derive(Default)]
pub struct Words(String);

impl Words {
    /// Takes the text so far.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.0)
    }

    fn line(&mut self, name: &str, fact: impl AsRef<str>) {
        let _ = writeln!(self.0, "  {name:<width$}{}", fact.as_ref(), width = INDENT - 2);
    }

    fn more(&mut self, fact: impl AsRef<str>) {
        self.line("", fact);
    }

    /// Adds a sentence, broken into lines, with a mark at its beginning.
    fn sentence(&mut self, mark: &str, text: &str) {
        let mut line = mark.to_owned();
        let indent = " ".repeat(mark.chars().count());
        for word in text.split(' ') {
            if line.chars().count() + 1 + word.chars().count() > WIDTH && line.trim_end() != mark.trim_end() {
                self.0 += line.trim_end();
                self.0.push('\n');
                line.clone_from(&indent);
            }
            line += word;
            line.push(' ');
        }
        self.0 += line.trim_end();
        self.0.push('\n');
    }

    pub fn begin(&mut self, check: &Check, settings: &Settings) {
        let seconds = settings.timeout.as_secs();
        let _ = writeln!(self.0, "Checking {} (each stage takes at most {seconds} s)\n", check.url.shown());
    }

    /// The stages up to an open connection, or to its failure.
    pub fn opening(&mut self, check: &Check, settings: &Settings, now: i64) {
        let opening = &check.opening;
        let report = check.report.as_ref();
        // 0: the stage was not reached, or was not necessary.
        let phase = if check.is_open { EGRET_WS_PHASE_OPEN } else { report.map_or(0, |report| report.phase) };
        let took = |us: u64| if us == 0 { String::new() } else { format!(", in {}", duration(us)) };

        if !settings.addresses.is_empty() && opening.proxy.is_empty() {
            self.line("Name", format!("{} was not looked up: addresses were given", check.url.host));
        } else if phase == EGRET_WS_PHASE_RESOLVE {
            self.line("Name", format!("{} has no address", plain(&check.host())));
        } else if opening.proxy.is_empty() && !check.url.is_literal() && phase > EGRET_WS_PHASE_RESOLVE {
            self.line("Name", format!("{} found{}", check.url.host, took(opening.resolve_us)));
        }
        if !opening.proxy.is_empty() {
            let has_answered =
                report.is_none_or(|report| report.error != EGRET_WS_ERR_TIMEOUT || phase != EGRET_WS_PHASE_PROXY);
            let time = match opening.proxy_us {
                0 => String::new(),
                us if has_answered => format!(", answered in {}", duration(us)),
                us => format!(", no answer in {}", duration(us)),
            };
            self.line("Proxy", format!("{}{time}", plain(&opening.proxy)));
        }
        for (at, (address, result)) in opening.tried.iter().enumerate() {
            let time = if result == "connected" { took(opening.connect_us) } else { String::new() };
            self.line(if at == 0 { "TCP" } else { "" }, format!("{} {}{time}", plain(address), plain(result)));
        }
        if opening.tried.is_empty() && !opening.remote_address.is_empty() {
            self.line("TCP", format!("{} connected{}", opening.remote_address, took(opening.connect_us)));
        }
        if !opening.local_address.is_empty() {
            self.more(format!("from {}", opening.local_address));
        }
        self.tls(check, now);
        if phase >= EGRET_WS_PHASE_HANDSHAKE {
            self.request(check, settings);
        }
        if opening.http_status != 0 {
            let kind = match opening.http_status {
                101 => "the upgrade is accepted",
                _ if phase == EGRET_WS_PHASE_PROXY => "of the proxy",
                _ => "not an upgrade",
            };
            self.line("Answer", format!("HTTP {}, {kind}{}", opening.http_status, took(opening.handshake_us)));
            for (name, value) in &opening.headers {
                self.more(format!("{}: {}", plain(name), plain(value)));
            }
        }
        if !opening.body.is_empty() {
            let body = check.url.conceal(&String::from_utf8_lossy(&opening.body));
            self.line("Body", format!("{} bytes:", opening.body.len()));
            if body.contains('\0') {
                self.more(hex(&opening.body));
            } else {
                let shown: String = body.trim_end().chars().take(MAX_BODY_CHARS).collect();
                for line in shown.lines() {
                    self.more(format!("| {}", plain(line)));
                }
                if shown.len() < body.trim_end().len() {
                    self.more("| …");
                }
            }
        }
        if opening.redirects > 0 {
            self.line(
                "Redirects",
                format!("{} followed: the lines above are those of the last server", opening.redirects),
            );
        }
    }

    fn tls(&mut self, check: &Check, now: i64) {
        let Some(tls) = &check.opening.tls else { return };
        let mut facts = vec![tls.version.unwrap_or("handshake not complete").to_owned()];
        if !tls.cipher.is_empty() {
            facts.push(plain(&tls.cipher));
        }
        if !tls.alpn.is_empty() {
            facts.push(format!("ALPN {}", plain(&tls.alpn)));
        }
        if tls.is_resumed {
            facts.push("resumed".to_owned());
        }
        if check.opening.tls_us > 0 {
            facts.push(format!("in {}", duration(check.opening.tls_us)));
        }
        self.line("TLS", facts.join(", "));
        for (at, certificate) in tls.certificates.iter().enumerate() {
            let number = format!("{}. ", at + 1);
            let Some(certificate) = certificate else {
                self.more(format!("{number}a certificate that cannot be read"));
                continue;
            };
            self.more(format!("{number}{}", plain(&certificate.subject)));
            let issuer = if certificate.is_self_issued() { "itself".to_owned() } else { plain(&certificate.issuer) };
            self.more(format!("   issued by {issuer}"));
            let state = if now < certificate.not_before {
                "NOT VALID YET".to_owned()
            } else if now > certificate.not_after {
                format!("EXPIRED {} ago", span(now - certificate.not_after))
            } else {
                format!("{} left", span(certificate.not_after - now))
            };
            self.more(format!(
                "   valid from {} to {} ({state})",
                date(certificate.not_before),
                date(certificate.not_after)
            ));
            if !certificate.hosts.is_empty() {
                self.more(format!("   for {}", plain(&certificate.hosts.join(", "))));
            }
            if at == 0 {
                self.more(format!("   pin {}", certificate.pin));
            }
        }
    }

    fn request(&mut self, check: &Check, settings: &Settings) {
        self.line("Request", format!("GET {} HTTP/1.1, Host: {}", plain(&check.url.path), check.url.authority()));
        let names: Vec<String> = settings.headers.iter().map(|(name, _)| plain(name)).collect();
        if !names.is_empty() {
            self.more(format!("with {}", names.join(", ")));
        }
        if let Some(origin) = &settings.origin {
            self.more(format!("Origin: {}", plain(origin)));
        }
        if !settings.subprotocols.is_empty() {
            self.more(format!("subprotocols offered: {}", plain(&settings.subprotocols.join(", "))));
        }
    }

    /// The options that both sides agreed on, and the round trips.
    pub fn open(&mut self, check: &Check) {
        let opening = &check.opening;
        if !check.is_open {
            return;
        }
        let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { plain(text) };
        self.line("Agreed", format!("extensions: {}", or(&opening.extensions, "none (messages are not compressed)")));
        self.more(format!("subprotocol: {}", or(&opening.subprotocol, "none")));
        let times = &check.round_trips.times_us;
        if let (Some(least), Some(most)) = (times.iter().min(), times.iter().max()) {
            let average = times.iter().sum::<u64>() / times.len() as u64;
            let answered = format!("{} of {} pings answered", times.len(), check.round_trips.sent);
            self.line(
                "Pings",
                format!("{answered}: {} on average, {} to {}", duration(average), duration(*least), duration(*most)),
            );
        }
    }

    pub fn end(&mut self, check: &Check, diagnosis: &Diagnosis, notes: &[String]) {
        if let Some(report) = &check.report
            && check.is_open
        {
            let side = match report.initiator {
                EGRET_WS_INITIATOR_LOCAL => "by this side",
                EGRET_WS_INITIATOR_PEER => "by the server",
                _ => "by the network",
            };
            let sent = if report.sent_code == 0 { String::new() } else { format!(", sent code {}", report.sent_code) };
            let reason =
                if report.reason.is_empty() { String::new() } else { format!(" \"{}\"", plain(&report.reason)) };
            let received = if report.code == 1006 {
                "no Close frame received".to_owned()
            } else {
                format!("received code {}{reason}", report.code)
            };
            self.line("Close", format!("{side}{sent}, {received}"));
            if check.messages > 0 {
                self.line("Messages", format!("{} received", check.messages));
            }
        }
        self.0.push('\n');
        let mark = if diagnosis.exit == Exit::Fine { "OK      " } else { "FAILED  " };
        self.sentence(mark, &diagnosis.summary);
        if let Some(report) = &check.report
            && report.error != EGRET_WS_OK
        {
            let (error, phase) = (crate::abi::error_name(report.error), crate::json::phase(report.phase));
            let text = format!("The library reports {error} in the phase {phase}: {}.", plain(&report.message));
            self.sentence("        ", &text);
        }
        for advice in &diagnosis.advice {
            self.sentence("      - ", advice);
        }
        for note in notes {
            self.sentence("Note    ", note);
        }
    }
}
