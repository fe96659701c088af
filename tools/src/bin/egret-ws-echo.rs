//! `egret-ws-echo`: a WebSocket server for tests of applications. It echoes messages, and misbehaves on request.

use egret_ws_tools::arguments::{Argument, Arguments};
use egret_ws_tools::echo::behaviour::{self, Behaviour, Burst, End, Refusal};
use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{ExitCode, exit};
use std::thread;
use std::time::Duration;

const HELP: &str = "\
usage: egret-ws-echo [OPTION...] [PORT]

A WebSocket server for tests: sends every message back, and fails on request. It prints its URL, and with --tls the file with the
certificate to trust. It runs until it is killed.

  PORT                        the port to listen on; without it, or with 0, a free one
  --listen ADDRESS            the address to listen on (127.0.0.1); 0.0.0.0 also serves other machines, such as a phone
  --until-eof                 end when the standard input ends, that is with the program that started the server

Failures on every connection:

  --status STATUS             refuse: answer with this HTTP status, 200 to 599, instead of the upgrade
  --body TEXT                 the body of a refusal
  --header 'NAME: VALUE'      a further header of the answer, for example Retry-After, Location or Set-Cookie; repeatable
  --require-header 'NAME: VALUE'  answer 401 to a request without this header; repeatable
  --stall                     never answer the request
  --hangup                    close the connection instead of an answer
  --delay MS                  wait before the answer, and before each echo
  --drop-after N              drop the connection after N messages, without a Close frame
  --close-after N CODE        send a Close frame with this code after N messages
  --violate-after N           break the protocol after N messages, by a frame with a reserved opcode
  --freeze-after N            after N messages read nothing, and answer no ping
  --burst N SIZE              send N binary messages of SIZE bytes at the beginning
  --subprotocol NAME          choose this subprotocol if the client offers it; repeatable

Failures on the connection with this path in its URL; a path may have several, such as /delay/200/drop/3:

  /refuse/STATUS   /stall   /hangup   /delay/MS   /drop/N   /close/CODE/N   /violate/N   /freeze/N   /burst/N/SIZE

A connection with the path /room/NAME is a member of that room: the server sends its messages to all other members, and none back.

TLS (not on Windows and Apple's systems):

  --tls                       serve wss:// with a certificate for localhost and the loopback addresses. The keys and the
                              authority that signs the certificate are new at each start
  --name NAME                 a further name or address of the certificate; repeatable
  --certificate KIND          good (default), expired, wrong-host or self-signed
  --ca-file FILE              write the certificate that clients have to trust to this file, in PEM; without it, to a new
                              file in the directory for temporary files
  --key-file FILE             keep the keys and the authority in this file, so that clients trust the next server too. The
                              file is made if it does not exist. For tests only

  --help, --version
";

struct Settings {
    address: IpAddr,
    port: u16,
    ends_with_input: bool,
    behaviour: Behaviour,
    tls: Option<Tls>,
}

#[derive(Default)]
struct Tls {
    names: Vec<String>,
    certificate: Option<String>,
    ca_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let settings = match settings(Arguments::new(std::env::args_os().skip(1))) {
        Ok(Some(settings)) => settings,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            complain(error + "; --help lists the options");
            return ExitCode::from(2);
        }
    };
    match run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

/// Writes to the standard output. If no program reads it, the server continues.
fn say(text: impl Display) {
    let mut out = io::stdout().lock();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

fn complain(error: impl Display) {
    let _ = writeln!(io::stderr(), "egret-ws-echo: {error}");
}

/// Returns the settings, or `None` if the command line only requested a text.
fn settings(mut arguments: Arguments) -> Result<Option<Settings>, String> {
    let mut behaviour = Behaviour::default();
    let mut address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut port = None;
    let mut ends_with_input = false;
    let mut uses_tls = false;
    let mut tls = Tls::default();
    while let Some(argument) = arguments.take()? {
        let name = match argument {
            Argument::Word(text) if port.is_none() => {
                port = Some(text.parse().map_err(|_| format!("not a port: {text:?}"))?);
                continue;
            }
            Argument::Word(text) => return Err(format!("one argument too many: {text:?}")),
            Argument::Option(name) => name,
        };
        match name.as_str() {
            "--help" | "-h" => {
                say(HELP);
                return Ok(None);
            }
            "--version" | "-V" => {
                say(format_args!("egret-ws-echo {}\n", env!("CARGO_PKG_VERSION")));
                return Ok(None);
            }
            "--listen" => {
                let text = arguments.value()?;
                address = text.parse().map_err(|_| format!("--listen: not an IP address: {text:?}"))?;
            }
            "--until-eof" => ends_with_input = true,
            "--status" => behaviour.refusal = Some(Refusal::Status(arguments.number(200, 599)? as u16)),
            "--stall" => behaviour.refusal = Some(Refusal::Stall),
            "--hangup" => behaviour.refusal = Some(Refusal::Hangup),
            "--body" => behaviour.body = Some(arguments.value()?),
            "--header" => behaviour.headers.push(behaviour::header(&arguments.value()?)?),
            "--require-header" => behaviour.required.push(behaviour::header(&arguments.value()?)?),
            "--delay" => behaviour.delay = Duration::from_millis(arguments.number(0, behaviour::MAX_DELAY_MS)?),
            "--drop-after" => behaviour.end = Some((End::Drop, arguments.number(0, u64::MAX)?)),
            "--violate-after" => behaviour.end = Some((End::Violate, arguments.number(0, u64::MAX)?)),
            "--freeze-after" => behaviour.end = Some((End::Freeze, arguments.number(0, u64::MAX)?)),
            "--close-after" => {
                let messages = arguments.number(0, u64::MAX)?;
                behaviour.end = Some((End::Close(arguments.number(1000, 4999)? as u16), messages));
            }
            "--burst" => {
                let messages = arguments.number(0, behaviour::MAX_BURST_MESSAGES)?;
                let bytes = arguments.number(0, behaviour::MAX_BURST_BYTES)? as usize;
                behaviour.burst = Some(Burst { messages, bytes });
            }
            "--subprotocol" => behaviour.subprotocols.push(arguments.value()?),
            "--tls" => uses_tls = true,
            "--name" => tls.names.push(arguments.value()?),
            "--certificate" => tls.certificate = Some(arguments.value()?),
            "--ca-file" => tls.ca_file = Some(arguments.value()?.into()),
            "--key-file" => tls.key_file = Some(arguments.value()?.into()),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    let has_file = tls.ca_file.is_some() || tls.key_file.is_some();
    if !uses_tls && (!tls.names.is_empty() || tls.certificate.is_some() || has_file) {
        return Err("--name, --certificate, --ca-file and --key-file need --tls".to_owned());
    }
    if tls.key_file.is_some() && tls.certificate.as_deref() == Some("self-signed") {
        return Err("--key-file keeps an authority, and a self-signed certificate has none".to_owned());
    }
    let tls = uses_tls.then_some(tls);
    Ok(Some(Settings { address, port: port.unwrap_or(0), ends_with_input, behaviour, tls }))
}

fn run(settings: Settings) -> Result<(), String> {
    let Settings { address, port, ends_with_input, behaviour, tls } = settings;
    let listener = TcpListener::bind((address, port))
        .map_err(|error| format!("cannot listen on {}: {error}", SocketAddr::new(address, port)))?;
    let bound = listener.local_addr().map_err(|error| error.to_string())?;
    // This is the address in the URL: one that a client on this machine can connect to.
    let host = match bound.ip() {
        ip if ip.is_unspecified() && ip.is_ipv4() => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), bound.port()),
        ip if ip.is_unspecified() => SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), bound.port()),
        _ => bound,
    };
    // This starts after the URL was written, because the input may have already ended.
    let follow_input = move || {
        if ends_with_input {
            thread::spawn(|| {
                let mut input = io::stdin().lock();
                let mut part = [0; 1024];
                while matches!(input.read(&mut part), Ok(1..)) {}
                exit(0);
            });
        }
    };
    match tls {
        None => {
            say(format_args!("ws://{host}/\n"));
            follow_input();
            egret_ws_tools::echo::serve_as(listener, behaviour);
        }
        Some(tls) => serve_tls(listener, host, behaviour, tls, follow_input)?,
    }
    Ok(())
}

#[cfg(any(windows, target_vendor = "apple"))]
fn serve_tls(_: TcpListener, _: SocketAddr, _: Behaviour, _: Tls, _: impl FnOnce()) -> Result<(), String> {
    Err("--tls works where OpenSSL is the library for TLS: not on Windows and Apple's systems".to_owned())
}

#[cfg(not(any(windows, target_vendor = "apple")))]
fn serve_tls(
    listener: TcpListener,
    host: SocketAddr,
    behaviour: Behaviour,
    tls: Tls,
    follow_input: impl FnOnce(),
) -> Result<(), String> {
    use egret_ws_tools::echo::keys::Keys;
    use egret_ws_tools::echo::tls::{Kind, server_with};
    let kind = match tls.certificate.as_deref() {
        None | Some("good") => Kind::Good,
        Some("expired") => Kind::Expired,
        Some("wrong-host") => Kind::WrongHost,
        Some("self-signed") => Kind::SelfSigned,
        Some(other) => return Err(format!("--certificate: good, expired, wrong-host or self-signed, not {other:?}")),
    };
    let cannot_make = |error| format!("cannot make a certificate: {error}");
    let keys = match &tls.key_file {
        Some(file) => Keys::kept_in(file)?,
        None => Keys::new().map_err(cannot_make)?,
    };
    let made = server_with(&keys, kind, &tls.names).map_err(cannot_make)?;
    let file = match tls.ca_file {
        Some(file) => {
            std::fs::write(&file, &made.authority_pem).map_err(|error| format!("{}: {error}", file.display()))?;
            file
        }
        None => write_new(&made.authority_pem, host.port())?,
    };
    say(format_args!("wss://{host}/\n{}\n", file.display()));
    follow_input();
    egret_ws_tools::echo::serve_tls(listener, behaviour, made.acceptor);
    Ok(())
}

/// Writes a new file in the directory for temporary files. It never overwrites a file, because all users may use that directory.
#[cfg(not(any(windows, target_vendor = "apple")))]
fn write_new(text: &[u8], port: u16) -> Result<PathBuf, String> {
    for number in 0..1000 {
        let path = std::env::temp_dir().join(format!("egret-ws-echo-{port}-{}-{number}.pem", std::process::id()));
        match std::fs::File::create_new(&path).and_then(|mut file| file.write_all(text)) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("{}: {error}; choose another place by --ca-file", path.display())),
        }
    }
    Err("no free name for a file in the directory for temporary files; choose a place by --ca-file".to_owned())
}
