//! The command line.

use crate::words;
use egret_ws_tools::arguments::{Argument, Arguments};
use std::time::Duration;

pub const HELP: &str = "\
usage: egret-ws-doctor [OPTION...] URL

Connects to a WebSocket server, and reports each stage: the look-up of the name, the addresses, the proxy, TLS and its certificates, the
upgrade, round trips and the close. If a stage fails, it reports the reason and the remedy.

The connection:
  --header 'NAME: VALUE'   a further header of the request; repeatable
  --subprotocol NAME       offer this subprotocol; repeatable
  --origin ORIGIN          the Origin header, as a browser sends it
  --user-agent TEXT        the User-Agent header
  --address ADDRESS        connect to this IP address, with or without a port, instead of a look-up; repeatable
  --proxy URL              connect through this proxy; \"env\": that of the environment
  --local-address ADDRESS  connect from this address of the machine
  --interface NAME         connect through this network interface, such as wlan0
  --redirects N            follow so many redirects (0)
  --no-deflate             do not offer permessage-deflate
  --timeout SECONDS        the limit of each stage (10)

TLS:
  --roots FILE             trust the certificates in this file too (PEM)
  --only-roots             trust these only
  --pin PIN                the public key must be this one (sha256/...); repeatable
  --identity FILE          the certificate and key of this side (PKCS#12)
  --password-file FILE     a file with the password of --identity
  --server-name NAME       the name to ask for, and that the certificate must have
  --insecure               accept any certificate: for a look at a bad one

When the connection is open:
  --pings N                measure so many round trips (5)
  --chat                   send each line of the standard input as a message, and print received messages: the report goes to the
                           standard error. Without this option too, if the input is not a terminal and a line comes within a second
  --wait SECONDS           after the last line, wait so long for answers before the close (0)

Output:
  --json                   print one JSON object instead of words (docs/doctor.md lists its fields)
  --trace                  print each frame on the standard error
  --verbose                print each step of the library on the standard error
  --help, --version

Exit codes: 0 all is well, 1 the doctor itself failed, 2 wrong arguments; else the stage that failed: 3 name, 4 TCP, 5 proxy, 6 TLS,
7 upgrade, 8 the open connection, 9 close.
";

/// The request of the command line.
#[derive(Debug, PartialEq)]
pub enum Command {
    Check(Box<Settings>),
    Print(String),
}

/// The settings of a check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub subprotocols: Vec<String>,
    pub origin: Option<String>,
    pub user_agent: Option<String>,
    pub addresses: Vec<String>,
    pub proxy: Option<String>,
    pub proxy_from_environment: bool,
    pub local_address: Option<String>,
    pub interface: Option<String>,
    pub redirects: u32,
    pub no_deflate: bool,
    pub timeout: Duration,
    pub roots: Vec<u8>,
    pub only_roots: bool,
    pub pins: Vec<String>,
    pub identity: Vec<u8>,
    pub identity_password: Option<String>,
    pub server_name: Option<String>,
    pub accepts_any_certificate: bool,
    pub pings: u32,
    pub chats: bool,
    pub wait: Duration,
    pub prints_json: bool,
    pub traces_frames: bool,
    pub logs_steps: bool,
}

/// Reads the command line. An error is a sentence.
pub fn read(mut arguments: Arguments) -> Result<Command, String> {
    let mut url = None;
    let mut settings = Settings { timeout: Duration::from_secs(10), pings: 5, ..Settings::default() };
    while let Some(argument) = arguments.take()? {
        let name = match argument {
            Argument::Word(text) if url.is_none() => {
                url = Some(text);
                continue;
            }
            Argument::Word(text) => return Err(format!("one argument too many: {text:?}")),
            Argument::Option(name) => name,
        };
        match name.as_str() {
            "--help" | "-h" => return Ok(Command::Print(HELP.to_owned())),
            "--version" | "-V" => {
                let (doctor, library) = (env!("CARGO_PKG_VERSION"), crate::abi::version());
                return Ok(Command::Print(format!("egret-ws-doctor {doctor}\nlibegret_ws {library}\n")));
            }
            "--header" | "-H" => settings.headers.push(header(&arguments.value()?)?),
            "--subprotocol" => settings.subprotocols.push(arguments.value()?),
            "--origin" => settings.origin = Some(arguments.value()?),
            "--user-agent" => settings.user_agent = Some(arguments.value()?),
            "--address" => settings.addresses.push(arguments.value()?),
            "--proxy" => match arguments.value()? {
                text if text == "env" => settings.proxy_from_environment = true,
                text => settings.proxy = Some(text),
            },
            "--local-address" => settings.local_address = Some(arguments.value()?),
            "--interface" => settings.interface = Some(arguments.value()?),
            "--redirects" => settings.redirects = arguments.number(0, 20)? as u32,
            "--no-deflate" => settings.no_deflate = true,
            "--timeout" => settings.timeout = Duration::from_secs(arguments.number(1, 3600)?),
            "--roots" => settings.roots = file(&arguments.value()?)?,
            "--only-roots" => settings.only_roots = true,
            "--pin" => settings.pins.push(arguments.value()?),
            "--identity" => settings.identity = file(&arguments.value()?)?,
            "--password-file" => {
                let text = String::from_utf8(file(&arguments.value()?)?);
                let text = text.map_err(|_| "the file of --password-file is not UTF-8".to_owned())?;
                settings.identity_password = Some(text.trim_end_matches(['\r', '\n']).to_owned());
            }
            "--server-name" => settings.server_name = Some(arguments.value()?),
            "--insecure" => settings.accepts_any_certificate = true,
            "--pings" => settings.pings = arguments.number(0, 1000)? as u32,
            "--chat" => settings.chats = true,
            "--wait" => settings.wait = Duration::from_secs(arguments.number(0, 86400)?),
            "--json" => settings.prints_json = true,
            "--trace" => settings.traces_frames = true,
            "--verbose" | "-v" => settings.logs_steps = true,
            _ => return Err(format!("unknown option {name}")),
        }
    }
    settings.url = url.ok_or("no URL, such as wss://example.com/")?;
    if settings.prints_json && settings.chats {
        return Err("--json and --chat exclude each other".to_owned());
    }
    Ok(Command::Check(Box::new(settings)))
}

fn header(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("--header: not a header, such as 'Name: value': {:?}", words::plain(text));
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn file(path: &str) -> Result<Vec<u8>, String> {
    let content = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    if content.is_empty() { Err(format!("{path}: the file is empty")) } else { Ok(content) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn command(arguments: &[&str]) -> Result<Command, String> {
        read(Arguments::new(arguments.iter().map(OsString::from)))
    }

    /// Each option in the help is known, and each known option is in the help.
    #[test]
    fn the_help_lists_the_options() {
        let words = HELP.split([' ', ',', '\n']).filter(|word| word.starts_with("--"));
        let in_help: std::collections::BTreeSet<&str> = words.map(|word| word.trim_end_matches(':')).collect();
        let source = include_str!("settings.rs");
        let (source, _) = source.split_once("mod tests").expect("the tests");
        let (_, source) = source.split_once("match name.as_str()").expect("the options");
        let known = source.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once('"'));
        let known: std::collections::BTreeSet<&str> = known.map(|(name, _)| name).collect();
        assert_eq!(in_help, known);
    }

    #[test]
    fn an_error_describes_the_wrong_argument() {
        for (arguments, complaint) in [
            (&[][..], "no URL, such as wss://example.com/"),
            (&["ws://a", "b"], "one argument too many: \"b\""),
            (&["--timeout", "0", "ws://a"], "--timeout: \"0\" is not a number from 1 to 3600"),
            (&["--header", "x", "ws://a"], "--header: not a header"),
            (&["--roots", "/nowhere", "ws://a"], "/nowhere: No such file"),
            (&["--roots", "/dev/null", "ws://a"], "/dev/null: the file is empty"),
            (&["--json", "--chat", "ws://a"], "exclude each other"),
        ] {
            let error = command(arguments).expect_err(complaint);
            assert!(error.contains(complaint), "not {complaint:?}: {error}");
        }
    }

    #[test]
    fn lists_keep_their_order() {
        let Ok(Command::Check(settings)) = command(&["--address", "b", "ws://a", "--address=a", "--proxy", "env"])
        else {
            panic!("a command line that is right");
        };
        assert_eq!(settings.addresses, ["b", "a"]);
        assert!(settings.proxy_from_environment && settings.proxy.is_none());
    }
}
