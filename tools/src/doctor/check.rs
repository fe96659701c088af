//! A check of a server: it connects, measures round trips, exchanges lines, and closes.

use crate::abi::{Event, Frame, Loop, Refused, Report, Socket};
use crate::certificate::Certificate;
use crate::chat;
use crate::settings::Settings;
use crate::url::Url;
use ::egret_ws::*;
use std::io::Write;
use std::time::{Duration, Instant};

/// The longest wait of one poll. It only limits how late a deadline of the doctor is noticed.
const MAX_POLL: Duration = Duration::from_millis(500);

/// The known facts about the opening of a connection.
#[derive(Debug, Default)]
pub struct Opening {
    pub resolve_us: u64,
    pub connect_us: u64,
    pub proxy_us: u64,
    pub tls_us: u64,
    pub handshake_us: u64,
    pub redirects: u32,
    /// The addresses that were tried, with their results.
    pub tried: Vec<(String, String)>,
    pub remote_address: String,
    pub local_address: String,
    pub proxy: String,
    pub tls: Option<Tls>,
    pub http_status: u32,
    pub headers: Vec<(String, String)>,
    /// Cookies: each is a URL without its query, a space, and the value of a Set-Cookie header.
    pub cookies: Vec<String>,
    pub body: Vec<u8>,
    pub subprotocol: String,
    pub extensions: String,
}

#[derive(Debug)]
pub struct Tls {
    /// The version. `None` before the handshake has agreed on one.
    pub version: Option<&'static str>,
    pub cipher: String,
    pub alpn: String,
    pub is_resumed: bool,
    /// The certificates, with the server's own first. `None`: it cannot be read.
    pub certificates: Vec<Option<Certificate>>,
}

impl Opening {
    /// Reads the facts. `url` is the URL of the request. Its query is removed from the texts of the server.
    fn read(socket: &Socket, url: &Url) -> Opening {
        let statistics = socket.statistics();
        let certificates = socket.certificates();
        let pairs = |text: String, separator: &str| {
            let lines = text.lines().map(|line| line.split_once(separator).unwrap_or((line, "")));
            lines.map(|(one, other)| (one.to_owned(), url.conceal(other))).collect()
        };
        let cookie = |line: &str| {
            let (requested, cookie) = line.split_once(' ').unwrap_or((line, ""));
            format!("{} {}", Url::of_normalized(requested).shown(), url.conceal(cookie))
        };
        let version = match statistics.tls_version {
            EGRET_WS_TLS_1_2 => Some("TLS 1.2"),
            EGRET_WS_TLS_1_3 => Some("TLS 1.3"),
            _ => None,
        };
        let tls = (version.is_some() || !certificates.is_empty()).then(|| Tls {
            version,
            cipher: socket.tls_cipher(),
            alpn: socket.tls_alpn(),
            is_resumed: statistics.tls_resumed == 1,
            certificates: certificates.iter().map(|der| Certificate::read(der)).collect(),
        });
        Opening {
            resolve_us: statistics.resolve_us,
            connect_us: statistics.connect_us,
            proxy_us: statistics.proxy_us,
            tls_us: statistics.tls_us,
            handshake_us: statistics.handshake_us,
            redirects: statistics.redirects,
            tried: pairs(socket.tried_addresses(), " "),
            remote_address: socket.remote_address(),
            local_address: socket.local_address(),
            proxy: socket.proxy(),
            tls,
            http_status: statistics.http_status,
            headers: pairs(socket.response_headers(), ": "),
            cookies: socket.response_cookies().lines().map(cookie).collect(),
            body: socket.response_body(),
            subprotocol: socket.subprotocol(),
            extensions: socket.extensions(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }
}

/// The round trips of pings.
#[derive(Debug, Default)]
pub struct RoundTrips {
    pub sent: u32,
    pub times_us: Vec<u64>,
}

/// A check, and its results so far.
pub struct Check<'a> {
    host: &'a Loop,
    socket: Socket,
    settings: &'a Settings,
    pub url: Url,
    pub opening: Opening,
    pub is_open: bool,
    pub round_trips: RoundTrips,
    /// The number of received messages.
    pub messages: u64,
    /// This side has begun to close.
    pub has_closed: bool,
    pub report: Option<Report>,
    /// The connection failed, but a connection with the other scheme would succeed: TLS instead of none, or none instead of TLS.
    pub other_scheme_answers: bool,
}

impl<'a> Check<'a> {
    /// Begins to connect.
    pub fn begin(host: &'a Loop, settings: &'a Settings) -> Result<Check<'a>, Refused> {
        let url = Url::read(&settings.url)?;
        let socket = host.connect(&settings.url, settings)?;
        Ok(Check {
            host,
            socket,
            settings,
            url,
            opening: Opening::default(),
            is_open: false,
            round_trips: RoundTrips::default(),
            messages: 0,
            has_closed: false,
            report: None,
            other_scheme_answers: false,
        })
    }

    /// Waits until the connection is open, or has failed.
    pub fn open(&mut self) -> Result<(), Refused> {
        while !self.is_open && self.report.is_none() {
            self.step(MAX_POLL)?;
        }
        self.opening = Opening::read(&self.socket, &self.url);
        if self.opening.http_status == 0
            && let Some(report) = &self.report
            && report.error != EGRET_WS_ERR_REDIRECT
        {
            // Only the report contains a refusal by a proxy.
            self.opening.http_status = report.http_status.unsigned_abs();
        }
        if !self.is_open && self.may_have_other_scheme() {
            self.other_scheme_answers = self.try_other_scheme()?;
        }
        Ok(())
    }

    /// Polls once, and handles one event. Returns the event if only some stages handle its kind.
    pub fn step(&mut self, wait: Duration) -> Result<Option<Event>, Refused> {
        let event = match self.socket.take_event() {
            Some(event) => event,
            None => {
                self.host.poll(wait.min(MAX_POLL))?;
                let Some(event) = self.socket.take_event() else { return Ok(None) };
                event
            }
        };
        match event {
            Event::Connected => self.is_open = true,
            Event::Closed(report) => {
                let (reason, message) = (self.url.conceal(&report.reason), self.url.conceal(&report.message));
                self.report = Some(Report { reason, message, ..report });
            }
            Event::Frame(frame) => trace(&frame),
            Event::Text(text) => {
                self.messages += 1;
                if self.settings.chats {
                    chat::print(text.as_bytes());
                }
            }
            Event::Binary(data) => {
                self.messages += 1;
                if self.settings.chats {
                    chat::print_binary(&data);
                }
            }
            event => return Ok(Some(event)),
        }
        Ok(None)
    }

    /// Measures round trips, one after the other.
    pub fn measure(&mut self) -> Result<(), Refused> {
        for number in 0..self.settings.pings {
            let payload = number.to_be_bytes();
            let begin = Instant::now();
            if self.report.is_some() {
                return Ok(());
            }
            if !self.socket.ping(&payload)? {
                return self.wait_for_report();
            }
            self.round_trips.sent += 1;
            // The library ends a connection that has become silent. If a server sends data but no pongs, this is only noted.
            while begin.elapsed() < 2 * self.settings.timeout && self.report.is_none() {
                match self.step(MAX_POLL)? {
                    Some(Event::Pong(answer, now)) if answer == payload => {
                        self.round_trips.times_us.push((now - begin).as_micros() as u64);
                        break;
                    }
                    _ => {}
                }
            }
            if self.round_trips.times_us.len() < self.round_trips.sent as usize {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Returns the host that this side connects to: the server, or its proxy.
    pub fn host(&self) -> String {
        match self.opening.proxy.split_once("://") {
            Some((_, proxy)) => proxy.trim_end_matches('/').to_owned(),
            None => self.url.authority(),
        }
    }

    /// Returns the name that the certificate must have, in the stage that has failed.
    pub fn certified_name(&self) -> String {
        let is_proxy = self.report.as_ref().is_some_and(|report| report.phase == EGRET_WS_PHASE_PROXY);
        match &self.settings.server_name {
            _ if is_proxy => self.host(),
            Some(name) => name.clone(),
            None => self.url.host.clone(),
        }
    }

    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Closes, and waits for the report.
    pub fn close(&mut self) -> Result<(), Refused> {
        if self.report.is_none() {
            self.has_closed = true;
            self.socket.close();
        }
        self.wait_for_report()
    }

    /// Waits for the report of a connection that has ended, or that this side closes. The time-outs of the library limit the
    /// wait.
    pub fn wait_for_report(&mut self) -> Result<(), Refused> {
        while self.report.is_none() {
            self.step(MAX_POLL)?;
        }
        Ok(())
    }

    /// Returns whether this failure can happen when the server uses TLS and this side does not, or when this side uses TLS and
    /// the server does not.
    fn may_have_other_scheme(&self) -> bool {
        let Some(report) = &self.report else { return false };
        if self.url.is_secure {
            let is_tls = report.phase == EGRET_WS_PHASE_TLS;
            is_tls && matches!(report.error, EGRET_WS_ERR_TLS | EGRET_WS_ERR_CONNECTION_LOST | EGRET_WS_ERR_TIMEOUT)
        } else {
            report.phase == EGRET_WS_PHASE_HANDSHAKE
                && (report.error != EGRET_WS_ERR_HTTP_STATUS || report.http_status == 400)
        }
    }

    /// Connects with the other scheme, without the settings that are only for the server of the URL.
    fn try_other_scheme(&self) -> Result<bool, Refused> {
        let settings = Settings {
            addresses: self.settings.addresses.clone(),
            proxy: self.settings.proxy.clone(),
            proxy_from_environment: self.settings.proxy_from_environment,
            local_address: self.settings.local_address.clone(),
            interface: self.settings.interface.clone(),
            server_name: self.settings.server_name.clone(),
            timeout: self.settings.timeout.min(Duration::from_secs(3)),
            accepts_any_certificate: true,
            ..Settings::default()
        };
        let socket = self.host.connect(&self.url.with_other_scheme(), &settings)?;
        loop {
            match socket.take_event() {
                Some(Event::Connected) => return Ok(true),
                Some(Event::Closed(report)) => {
                    let is_http = report.http_status > 0 && report.phase == EGRET_WS_PHASE_HANDSHAKE;
                    let is_tls = !self.url.is_secure && socket.statistics().tls_version != 0;
                    return Ok(is_tls || self.url.is_secure && is_http && report.http_status != 400);
                }
                Some(_) => {}
                None => self.host.poll(MAX_POLL)?,
            }
        }
    }
}

fn trace(frame: &Frame) {
    let direction = match frame.direction {
        EGRET_WS_FRAME_SENT => "sent",
        EGRET_WS_FRAME_RECEIVED => "received",
        _ => {
            let _ = writeln!(std::io::stderr(), "frame: {} sent frames were not recorded", frame.length);
            return;
        }
    };
    let kind = match frame.opcode {
        0 => "continuation".to_owned(),
        1 => "text".to_owned(),
        2 => "binary".to_owned(),
        8 => "close".to_owned(),
        9 => "ping".to_owned(),
        10 => "pong".to_owned(),
        other => format!("opcode {other}"),
    };
    let more = if frame.flags & EGRET_WS_FRAME_FIN == 0 { ", more follow" } else { "" };
    let compressed = if frame.flags & EGRET_WS_FRAME_COMPRESSED == 0 { "" } else { ", compressed" };
    let _ = writeln!(std::io::stderr(), "frame: {direction} {kind}, {} bytes{compressed}{more}", frame.length);
}
