//! `examples/window`: a frame loop with SDL2, seen through its screenshots.

use super::{Program, TIME_LIMIT, compile_as, echo_url, out_dir};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use test_support::{library, skip::is_skipped};

/// Colours of the window.
const GREEN: [u8; 3] = [61, 220, 132];
const AMBER: [u8; 3] = [255, 183, 77];
const RED: [u8; 3] = [239, 83, 80];
const BLUE: [u8; 3] = [79, 195, 247];
const PINK: [u8; 3] = [240, 98, 146];
const VIOLET: [u8; 3] = [179, 136, 255];
/// The dots of the square that shows the state.
const LAMP: usize = 28 * 28;

/// An X server without a screen, on an unused display.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn start() -> Display {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb (Debian: xvfb)");
        let mut line = String::new();
        // It writes the number when it accepts connections.
        let read = BufReader::new(server.stdout.take().expect("its output")).read_line(&mut line);
        assert!(read.is_ok_and(|bytes| bytes > 0), "Xvfb has not started");
        Display { server, name: format!(":{}", line.trim()) }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The dots of a picture.
struct Picture(Vec<[u8; 3]>);

impl Picture {
    /// Reads a BMP file with 24 bits a dot. The width is a multiple of 4, so the lines have no padding.
    fn read(path: &Path) -> Picture {
        let bytes = fs::read(path).expect("the screenshot");
        let number = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        assert_eq!((number(18), number(22).abs(), bytes[28]), (800, 450, 24), "{}", path.display());
        let (dots, []) = bytes[number(10) as usize..].as_chunks::<3>() else { panic!("a part of a dot is missing") };
        assert_eq!(dots.len(), 800 * 450);
        Picture(dots.iter().map(|[b, g, r]| [*r, *g, *b]).collect())
    }

    fn count(&self, colour: [u8; 3]) -> usize {
        self.0.iter().filter(|dot| **dot == colour).count()
    }
}

fn screenshot(name: &str) -> PathBuf {
    out_dir().join(name).with_extension("bmp")
}

fn program(name: &str, options: &[&str]) -> Program {
    let flags = library::run(Command::new("pkg-config").args(["--cflags", "--libs", "sdl2"]));
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let bindings = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/bindings/cpp");
    let options = [&["-std=c++17", bindings], options].concat();
    Program::at(compile_as(name, &["window/window.cpp"], &options, &flags))
}

/// Runs the program, and returns its last picture.
fn shoot(program: &Program, video: (&str, &str), name: &str, url: &str, keys: &str) -> Picture {
    let file = screenshot(name);
    let path = file.to_str().expect("a path in UTF-8");
    let frames = (TIME_LIMIT.as_secs() * 40).to_string();
    let arguments = ["--frames", &frames, "--keys", keys, "--screenshot", path, url];
    program.run_in(&arguments, &[video, ("SDL_RENDER_DRIVER", "software")]).succeeds(&[]);
    Picture::read(&file)
}

#[test]
fn the_window_shows_state_latency_and_queues() {
    if is_skipped("sdl") {
        return;
    }
    let display = Display::start();
    let program = program("window", &["-O2"]);
    let shoot = |name, path: &str, keys| {
        shoot(&program, ("DISPLAY", &*display.name), name, &(echo_url().to_owned() + path), keys)
    };

    // Some pings, and a burst that has come back.
    let picture = shoot("window_echo", "", "._.");
    assert_eq!([GREEN, AMBER, RED].map(|colour| picture.count(colour)), [LAMP, 0, 0]);
    assert!(picture.count(BLUE) >= 20, "the plot has {} dots", picture.count(BLUE));
    assert_eq!([PINK, VIOLET].map(|colour| picture.count(colour)), [0, 0], "nothing waits");

    // The server drops the connection after three messages, and the library makes another one.
    let picture = shoot("window_drop", "drop/3", "_");
    assert_eq!(picture.count(GREEN), LAMP);

    // The player drops it, pauses the next one, and sends until both queues are full.
    let picture = shoot("window_full", "", "RP_");
    assert_eq!(picture.count(GREEN), LAMP);
    // A bar has 256 x 22 dots.
    for colour in [PINK, VIOLET] {
        assert!(picture.count(colour) >= 256 * 22 / 4, "a bar has {} dots", picture.count(colour));
    }
}

#[test]
fn the_window_leaks_nothing_and_says_what_is_wrong() {
    if is_skipped("sdl") {
        return;
    }
    // SDL's driver for X11 and the libraries that it loads leak; this one shows nothing.
    let video = ("SDL_VIDEODRIVER", "dummy");
    let program = program("window_sanitized", &["-g", "-fsanitize=address,undefined"]);
    assert_eq!(shoot(&program, video, "window_sanitized", echo_url(), "_RP_").count(GREEN), LAMP);
    let run = |arguments: &[&str]| program.run_in(arguments, &[video, ("SDL_RENDER_DRIVER", "software")]);
    run(&["--frames"]).fails(&["usage: "]);
    run(&["ws://["]).fails(&["ws://[: "]);
    // No server listens there. The first key waits until the frames are used up.
    let file = screenshot("window_dead");
    let path = file.to_str().expect("a path in UTF-8");
    let dead = test_support::failing_servers::dead_url();
    run(&["--frames", "30", "--keys", "_", "--screenshot", path, dead]).fails(&["a key had no effect"]);
    let picture = Picture::read(&file);
    assert_eq!([GREEN, AMBER].map(|colour| picture.count(colour)), [0, LAMP]);
}
