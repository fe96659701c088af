//! The addresses that were tried, and their results, in words for the host.

use crate::connection::connect_info::ConnectInfo;
use std::fmt::Write;
use std::io;
use std::net::SocketAddr;

/// The most characters of an error. Those of the systems are shorter.
const MAX_ERROR: usize = 200;
/// The most bytes of the list. It is longer only with a list of proxies that have many addresses.
const MAX_LIST: usize = 8192;

/// The attempts to connect to one endpoint, in order.
#[derive(Default)]
pub(super) struct Tried(Vec<(SocketAddr, Outcome)>);

enum Outcome {
    /// None until now; none at all, if the attempt has ended because of a deadline, or because another one has connected.
    NoAnswer,
    Connected,
    Failed(String),
}

impl Tried {
    /// Adds an attempt, and returns its number.
    pub(super) fn begin(&mut self, address: SocketAddr) -> usize {
        self.0.push((address, Outcome::NoAnswer));
        self.0.len() - 1
    }

    pub(super) fn connected(&mut self, number: usize) {
        self.0[number].1 = Outcome::Connected;
    }

    pub(super) fn failed(&mut self, number: usize, error: &io::Error) {
        self.0[number].1 = Outcome::Failed(describe(error));
    }

    /// Adds the attempts to those that `info` has, as far as they fit into the list.
    pub(super) fn add_to(&self, info: &mut ConnectInfo) {
        info.addresses_tried += self.0.len() as u32;
        for (address, outcome) in &self.0 {
            let outcome = match outcome {
                Outcome::NoAnswer => "no answer",
                Outcome::Connected => "connected",
                Outcome::Failed(error) => error,
            };
            let before = info.tried_addresses.len();
            // Writing to a text does not fail.
            let _ = writeln!(info.tried_addresses, "{address} {outcome}");
            if info.tried_addresses.len() > MAX_LIST {
                info.tried_addresses.truncate(before);
                return;
            }
        }
    }
}

/// The error in words, on one line, without its number.
fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let number = error.raw_os_error().map(|number| format!(" (os error {number})")).unwrap_or_default();
    let words = text.strip_suffix(&number).unwrap_or(&text);
    words.chars().map(|char| if char.is_control() { ' ' } else { char }).take(MAX_ERROR).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_lines_with_a_result() {
        let addresses = ["192.0.2.1:443", "[2001:db8::1]:443", "192.0.2.2:443"].map(|text| text.parse().unwrap());
        let mut tried = Tried::default();
        let [first, _, third] = addresses.map(|address| tried.begin(address));
        tried.failed(first, &io::Error::from_raw_os_error(2));
        tried.connected(third);
        let mut info =
            ConnectInfo { addresses_tried: 1, tried_addresses: "an earlier one\n".into(), ..Default::default() };
        tried.add_to(&mut info);
        let not_found = io::Error::from_raw_os_error(2).to_string().replace(" (os error 2)", "");
        let expected = format!(
            "an earlier one\n192.0.2.1:443 {not_found}\n[2001:db8::1]:443 no answer\n192.0.2.2:443 connected\n"
        );
        assert_eq!((info.addresses_tried, info.tried_addresses), (4, expected));
    }

    #[test]
    fn the_list_is_bounded_and_the_number_is_right() {
        let mut tried = Tried::default();
        for _ in 0..100 {
            let number = tried.begin("192.0.2.1:443".parse().unwrap());
            tried.failed(number, &io::Error::other("x".repeat(150)));
        }
        let mut info = ConnectInfo::default();
        tried.add_to(&mut info);
        let line = "192.0.2.1:443 ".len() + 150 + 1;
        assert_eq!((info.addresses_tried, info.tried_addresses.len()), (100, MAX_LIST / line * line));
        assert!(info.tried_addresses.ends_with("x\n"));
    }

    #[test]
    fn an_error_is_one_short_line() {
        assert_eq!(describe(&io::Error::other("two\r\nlines")), "two  lines");
        assert_eq!(describe(&io::Error::other("x".repeat(1000))).len(), MAX_ERROR);
        assert_eq!(describe(&io::Error::other("it returned (os error 2)")), "it returned (os error 2)");
        assert!(!describe(&io::Error::from_raw_os_error(2)).contains("os error"));
    }
}
