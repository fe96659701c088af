//! Ten thousand clients lose a server at once: how they come back, in virtual time, and the plot of it in `docs`.

use super::lab::Lab;
use super::model::Dice;
use super::retrying::RETRY;
use crate::config::RetryOptions;
use std::fmt::Write;
use std::io::ErrorKind;

const CLIENTS: u64 = 10_000;
/// A window in which arrivals are counted.
const WINDOW: u64 = 100;

/// When clients came, in milliseconds after the loss, in order; and whether the server was there.
struct Arrivals(Vec<(u64, bool)>);

impl Arrivals {
    /// Each client comes until it is in. Clients know nothing of each other, so one goes after the other. `draw` is where each
    /// wait gets its randomness.
    fn new(clients: u64, back: u64, draw: impl Fn(&mut Dice) -> u32) -> Arrivals {
        let mut arrivals = Vec::new();
        for client in 0..clients {
            let mut dice = Dice(client << 32);
            let mut lab = Lab::whole();
            lab.open_with(|config| {
                config.retry = Some(RetryOptions { attempts: u32::MAX, ..RETRY });
            });
            let lost = lab.now();
            lab.set_random(draw(&mut dice));
            lab.end_stream();
            loop {
                lab.expire();
                let at = (lab.now() - lost).as_millis() as u64;
                arrivals.push((at, at >= back));
                if at >= back {
                    lab.accept();
                    break;
                }
                lab.set_random(draw(&mut dice));
                lab.tcp(Err(ErrorKind::ConnectionRefused));
            }
            assert_eq!(lab.told().last().unwrap(), "connected");
        }
        arrivals.sort_unstable();
        Arrivals(arrivals)
    }

    /// The most in any window.
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

    /// Until when all are in.
    fn end(&self) -> u64 {
        self.0.last().map_or(0, |arrival| arrival.0)
    }

    /// Those in each window up to some time: who came, and who of them got in.
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

/// The server is back after so many milliseconds; the plot shows so many.
const CASES: [(u64, u64); 3] = [(0, 12_000), (5_000, 24_000), (60_000, 96_000)];

#[test]
fn a_herd_comes_back_one_by_one() {
    // The first wait is drawn from 3.75 s (4 s less the floor), so of the first tries no window gets more than
    // 10,000 · 0.1 / 3.75 = 267 on the average. Later waits are drawn from longer spans: all further tries together stay below
    // that. Six standard deviations (√534 = 23) are added.
    const BOUND: usize = 2 * 267 + 6 * 23;
    let jittered = CASES.map(|(back, _)| Arrivals::new(CLIENTS, back, |dice| dice.roll(1 << 32) as u32));
    let peaks = jittered.each_ref().map(Arrivals::peak);
    assert!(peaks.iter().all(|peak| *peak <= BOUND), "{peaks:?}");
    // Without jitter, which is when all draw the same, all come at the same moments, each time. A few tell those.
    let together = CASES.map(|(back, _)| Arrivals::new(20, back, |_| u32::MAX));
    assert_eq!(together.each_ref().map(Arrivals::peak), [20; 3]);
    // Nor does anybody wait much longer for it than the longest wait.
    for (arrivals, (back, _)) in jittered.iter().zip(CASES) {
        assert!(arrivals.end() <= back + RETRY.ceiling.as_millis() as u64);
    }
    let plot = plot(&jittered, &together);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reconnecting.svg");
    if std::env::var_os("EGRET_WS_WRITE_PLOT").is_some() {
        std::fs::write(path, &plot).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == plot, "docs/reconnecting.svg is another: EGRET_WS_WRITE_PLOT=1 writes it");
}

// The plot.

const LEFT: u64 = 70;
const WIDTH: u64 = 860;
const HEIGHT: u64 = 120;
const PANEL: u64 = 200;
/// Arrivals in a window at the top of a panel.
const TOP: u64 = 600;

fn plot(jittered: &[Arrivals; 3], together: &[Arrivals; 3]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
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
    let mut line = |text: String| writeln!(svg, "{text}").expect("it is a string");
    line(format!(
        "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">The server is back after {} s: at most {} of {CLIENTS} come within {WINDOW} ms</text>",
        top - 22,
        back / 1000,
        jittered.peak()
    ));
    for (count, fill) in [(TOP, "#eee"), (TOP / 2, "#eee"), (0, "#999")] {
        let y = bottom - count * HEIGHT / TOP;
        line(format!("<path d=\"M{LEFT} {y}h{WIDTH}\" stroke=\"{fill}\"/>"));
        line(format!("<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#555\">{count}</text>", LEFT - 6, y + 4));
    }
    for second in (0..=until / 1000).step_by((until / 12_000) as usize) {
        let at = x(second * 1000);
        line(format!("<text x=\"{at}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555\">{second} s</text>", bottom + 16));
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
    line(format!("<path d=\"{}\" fill=\"#bbb\"/>", steps(|count| count.0)));
    line(format!("<path d=\"{}\" fill=\"#2a6fb0\"/>", steps(|count| count.1)));
    let mut moments: Vec<u64> = together.0.iter().map(|arrival| arrival.0).filter(|at| *at < until).collect();
    moments.dedup();
    for at in moments {
        line(format!("<path d=\"M{} {top}V{bottom}\" stroke=\"#c33\" stroke-dasharray=\"4 3\"/>", x(at)));
        line(format!("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#c33\">all</text>", x(at), top - 4));
    }
}
