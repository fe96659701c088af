//! Ten thousand clients lose a server at once. These tests simulate in virtual time how they reconnect, and check its plot in
//! `docs`.

use super::exploration::Random;
use super::retrying::RETRY;
use super::simulation::Simulation;
use crate::config::RetryOptions;
use std::fmt::Write;
use std::io::ErrorKind;

const CLIENTS: u64 = 10_000;
/// A window in which arrivals are counted.
const WINDOW: u64 = 100;

/// The attempts of clients to connect, in order: the time in milliseconds after the loss, and whether the server was available.
struct Arrivals(Vec<(u64, bool)>);

impl Arrivals {
    /// Simulates the clients. Each client retries until it is connected. Clients do not influence each other, so they run one
    /// after the other. `draw` returns the random number of each delay.
    fn new(clients: u64, back: u64, draw: impl Fn(&mut Random) -> u32) -> Arrivals {
        let mut arrivals = Vec::new();
        for client in 0..clients {
            let mut random = Random(client << 32);
            let mut sim = Simulation::new();
            sim.open_with(|config| {
                config.retry = Some(RetryOptions { attempts: u32::MAX, ..RETRY });
            });
            let lost = sim.now();
            sim.set_random(draw(&mut random));
            sim.end_stream();
            loop {
                sim.expire();
                let at = (sim.now() - lost).as_millis() as u64;
                arrivals.push((at, at >= back));
                if at >= back {
                    sim.accept();
                    break;
                }
                sim.set_random(draw(&mut random));
                sim.connect_result(Err(ErrorKind::ConnectionRefused));
            }
            assert_eq!(sim.events().last().unwrap(), "connected");
        }
        arrivals.sort_unstable();
        Arrivals(arrivals)
    }

    /// Returns the largest number of arrivals in any window.
    fn peak(&self) -> usize {
        let mut first = 0;
        let in_window = |(last, arrival): (usize, &(u64, bool))| {
            while self.0[first].0 + WINDOW <= arrival.0 {
                first += 1;
            }
            last + 1 - first
        };
        self.0.iter().enumerate().map(in_window).max().unwrap_or(0)
    }

    /// Returns the time at which the last client is connected.
    fn end(&self) -> u64 {
        self.0.last().map_or(0, |arrival| arrival.0)
    }

    /// Returns for each window up to some time: how many clients tried, and how many of them were connected.
    fn counts(&self, until: u64) -> Vec<(usize, usize)> {
        let mut counts = vec![(0, 0); (until / WINDOW) as usize];
        for (at, is_in) in &self.0 {
            if let Some(count) = counts.get_mut((at / WINDOW) as usize) {
                *count = (count.0 + 1, count.1 + usize::from(*is_in));
            }
        }
        counts
    }
}

/// The server is back after the first number of milliseconds. The plot ends at the second number.
const CASES: [(u64, u64); 3] = [(0, 12_000), (5_000, 24_000), (60_000, 96_000)];

#[test]
fn clients_of_a_lost_server_reconnect_spread_over_time() {
    // The first delay is drawn from 3.75 s (4 s less the floor). So on average no window gets more than 10,000 · 0.1 / 3.75 = 267
    // of the first retries. Later delays are drawn from longer spans, so all further retries together stay below that number. Six
    // standard deviations (√534 = 23) are added.
    const BOUND: usize = 2 * 267 + 6 * 23;
    let jittered = CASES.map(|(back, _)| Arrivals::new(CLIENTS, back, |random| random.below(1 << 32) as u32));
    let peaks = jittered.each_ref().map(Arrivals::peak);
    assert!(peaks.iter().all(|peak| *peak <= BOUND), "{peaks:?}");
    // Without jitter, when all random numbers are equal, all clients come at the same time. A few clients are enough to show
    // when.
    let together = CASES.map(|(back, _)| Arrivals::new(20, back, |_| u32::MAX));
    assert_eq!(together.each_ref().map(Arrivals::peak), [20; 3]);
    // When the server is back, no client waits longer than the longest delay.
    for (arrivals, (back, _)) in jittered.iter().zip(CASES) {
        assert!(arrivals.end() <= back + RETRY.ceiling.as_millis() as u64);
    }
    let plot = plot(&jittered, &together);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures/arrivals.svg");
    if std::env::var_os("EGRET_WS_WRITE_PLOT").is_some() {
        std::fs::write(path, &plot).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == plot, "docs/pictures/arrivals.svg is outdated: EGRET_WS_WRITE_PLOT=1 writes it");
}

// The plot.

const LEFT: u64 = 70;
const WIDTH: u64 = 860;
const HEIGHT: u64 = 120;
const PANEL: u64 = 200;
/// The number of arrivals in a window at the top of a panel.
const TOP: u64 = 600;

/// The colours on a light page, and those on a dark one.
const STYLE: &str = "<style>.page{fill:#fff}.text{fill:#1f2937}.faint{fill:#4b5563}.line{stroke:#c4c9d1}.late{fill:#a3abb8}.in{fill:#2563eb}\
.all{fill:#c81e1e}.all-line{stroke:#c81e1e}@media (prefers-color-scheme:dark){.page{fill:#161b22}.text{fill:#e6edf3}.faint{fill:#aab4c0}\
.line{stroke:#4b5563}.late{fill:#6b7686}.in{fill:#6ea8fe}.all{fill:#ff8080}.all-line{stroke:#ff8080}}</style>";

fn plot(jittered: &[Arrivals; 3], together: &[Arrivals; 3]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         {STYLE}\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n",
        LEFT + WIDTH + 30,
        3 * PANEL + 10
    );
    for (at, (back, until)) in CASES.into_iter().enumerate() {
        panel(&mut svg, at as u64 * PANEL + 50, back, until, &jittered[at], &together[at]);
    }
    svg + "</svg>\n"
}

fn panel(svg: &mut String, top: u64, back: u64, until: u64, jittered: &Arrivals, together: &Arrivals) {
    let x = |at: u64| LEFT + at * WIDTH / until;
    let bottom = top + HEIGHT;
    let mut line = |text: String| writeln!(svg, "{text}").expect("writing to a string does not fail");
    line(format!(
        "<text class=\"text\" x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">The server is back after {} s: at most {} of {CLIENTS} come within {WINDOW} ms</text>",
        top - 22,
        back / 1000,
        jittered.peak()
    ));
    for count in [TOP, TOP / 2, 0] {
        let y = bottom - count * HEIGHT / TOP;
        line(format!("<path class=\"line\" d=\"M{LEFT} {y}h{WIDTH}\"/>"));
        line(format!("<text class=\"faint\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{count}</text>", LEFT - 6, y + 4));
    }
    for second in (0..=until / 1000).step_by((until / 12_000) as usize) {
        let at = x(second * 1000);
        line(format!(
            "<text class=\"faint\" x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{second} s</text>",
            bottom + 16
        ));
    }
    let counts = jittered.counts(until);
    let steps = |of: fn(&(usize, usize)) -> usize| {
        let mut path = format!("M{LEFT} {bottom}");
        for (window, count) in (0..).zip(&counts) {
            let y = bottom - (of(count) as u64).min(TOP) * HEIGHT / TOP;
            let _ = write!(path, "V{y}H{}", x((window + 1) * WINDOW));
        }
        path + &format!("V{bottom}z")
    };
    line(format!("<path class=\"late\" d=\"{}\"/>", steps(|count| count.0)));
    line(format!("<path class=\"in\" d=\"{}\"/>", steps(|count| count.1)));
    let mut moments: Vec<u64> = together.0.iter().map(|arrival| arrival.0).filter(|at| *at < until).collect();
    moments.dedup();
    for at in moments {
        line(format!("<path class=\"all-line\" d=\"M{} {top}V{bottom}\" stroke-dasharray=\"4 3\"/>", x(at)));
        line(format!("<text class=\"all\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">all</text>", x(at), top - 4));
    }
}
