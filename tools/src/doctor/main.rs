//! `egret-ws-doctor`: connects to a WebSocket server, and reports each stage. If a stage fails, it reports the reason and the
//! remedy.
//!
//! - [`settings`]: the command line
//! - [`abi`]: the functions of `egret_ws.h`; no other module has unsafe code
//! - [`check`]: connects, measures and closes; [`chat`]: lines and messages
//! - [`diagnosis`]: the reason of a failure, as text and as an exit code
//! - [`report`], [`json`]: the output
//! - [`url`], [`certificate`], [`words`]: parts of URLs, certificates, texts

mod abi;
mod certificate;
mod chat;
mod check;
mod diagnosis;
mod json;
mod report;
mod settings;
mod url;
mod words;

use abi::{Loop, Refused};
use chat::Input;
use check::Check;
use diagnosis::Exit;
use egret_ws_tools::arguments::Arguments;
use report::Words;
use settings::{Command, Settings};
use std::fmt::Display;
use std::io::{self, Write};
use std::process::{ExitCode, exit};
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let mut settings = match settings::read(Arguments::new(std::env::args_os().skip(1))) {
        Ok(Command::Check(settings)) => settings,
        Ok(Command::Print(text)) => {
            say(io::stdout(), text);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(format!("{error}; --help lists the options"));
            return ExitCode::from(Exit::Arguments as u8);
        }
    };
    let input = if settings.prints_json { Ok(None) } else { Input::find(settings.chats) };
    let input = match input {
        Ok(input) => input,
        Err(error) => {
            complain(format!("cannot read the standard input: {error}"));
            return ExitCode::from(Exit::Doctor as u8);
        }
    };
    settings.chats = input.is_some();
    let code = run(&settings, input).unwrap_or_else(|refused| refuse(&settings, &refused));
    // The thread that reads the input may wait for a line.
    exit(code.into())
}

/// Checks a server. Returns the exit code.
fn run(settings: &Settings, input: Option<Input>) -> Result<u8, Refused> {
    let host = Loop::new(settings.logs_steps)?;
    let mut check = Check::begin(&host, settings)?;
    let mut words = Words::default();
    words.begin(&check, settings);
    show(settings, &mut words);
    check.open()?;
    words.opening(&check, settings, now());
    show(settings, &mut words);
    if check.is_open {
        check.measure()?;
        words.open(&check);
        show(settings, &mut words);
        if let Some(input) = input {
            chat::run(&mut check, input, host.waker(), settings.wait)?;
        }
        check.close()?;
    }
    let diagnosis = diagnosis::diagnose(&check, settings, now());
    let notes = diagnosis::notes(&check, settings, now());
    words.end(&check, &diagnosis, &notes);
    show(settings, &mut words);
    if settings.prints_json {
        say(io::stdout(), format_args!("{:#}\n", json::object(&check, &diagnosis, &notes)));
    }
    Ok(diagnosis.exit as u8)
}

/// Reports a call that the library refused. Returns the exit code.
fn refuse(settings: &Settings, refused: &Refused) -> u8 {
    let exit = match refused.error.as_str() {
        "EGRET_WS_ERR_NO_RESOURCES" | "EGRET_WS_ERR_INTERNAL" => Exit::Doctor,
        _ => Exit::Arguments,
    };
    complain(format!("{} ({})", words::plain(&refused.reason), refused.error));
    if settings.prints_json {
        say(io::stdout(), format_args!("{:#}\n", json::refused(&refused.error, &refused.reason, exit as u8)));
    }
    exit as u8
}

/// Shows the text so far. If there is a chat, the standard output is for messages.
fn show(settings: &Settings, words: &mut Words) {
    let text = words.take();
    if settings.prints_json {
        return;
    }
    if settings.chats { say(io::stderr(), text) } else { say(io::stdout(), text) }
}

/// Writes a text. If no program reads it, the check continues, because the caller may only need its exit code.
fn say(mut out: impl Write, text: impl Display) {
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

fn complain(text: impl Display) {
    say(io::stderr(), format_args!("egret-ws-doctor: {text}\n"));
}

/// Returns the seconds since 1970.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64)
}
