//! The addresses that were tried, and their results, for the host. They are converted to text only when the host asks for them.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// The longest text of an error, in characters. The errors of the systems are shorter.
const MAX_ERROR: usize = 200;
/// The largest size of the list as text, in bytes. The list exceeds it only for a list of proxies that have many addresses.
const MAX_LIST: usize = 8192;
/// The largest size of an address as text, in bytes, with a space.
const MAX_ADDRESS: usize = 48;

/// Attempts to connect, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriedAddresses(Vec<(SocketAddr, Outcome)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// There was no answer yet. It stays so if a deadline has ended the attempt, or if another attempt has connected.
    NoAnswer,
    Connected,
    Failed(String),
}

impl Outcome {
    fn words(&self) -> &str {
        match self {
            Outcome::NoAnswer => "no answer",
            Outcome::Connected => "connected",
            Outcome::Failed(error) => error,
        }
    }
}

impl TriedAddresses {
    /// Adds an attempt, and returns its number.
    pub(super) fn begin(&mut self, address: SocketAddr) -> usize {
        if self.0.is_empty() {
            self.0.reserve_exact(1); // most connections need one place, and keep it
        }
        self.0.push((address, Outcome::NoAnswer));
        self.0.len() - 1
    }

    pub(super) fn connected(&mut self, number: usize) {
        self.0[number].1 = Outcome::Connected;
    }

    pub(super) fn failed(&mut self, number: usize, error: &io::Error) {
        self.0[number].1 = Outcome::Failed(describe(error));
    }

    /// Appends the attempts of another list, until the list is full. Returns how many attempts the other list had.
    pub(super) fn append(&mut self, other: TriedAddresses) -> u32 {
        let count = other.0.len() as u32;
        if self.0.is_empty() && count <= 1 {
            *self = other;
            return count;
        }
        let size = |(_, outcome): &(SocketAddr, Outcome)| MAX_ADDRESS + outcome.words().len() + 1;
        let mut bytes: usize = self.0.iter().map(size).sum();
        self.0.extend(other.0.into_iter().take_while(|attempt| {
            bytes += size(attempt);
            bytes <= MAX_LIST
        }));
        count
    }
}

/// Writes a line for each attempt.
impl fmt::Display for TriedAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(address, outcome)| writeln!(f, "{address} {}", outcome.words()))
    }
}

/// Returns the error as text, on one line, without its number.
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
        let mut tried = TriedAddresses::default();
        let [first, _, third] = addresses.map(|address| tried.begin(address));
        tried.failed(first, &io::Error::from_raw_os_error(2));
        tried.connected(third);
        let mut list = TriedAddresses::default();
        list.begin("192.0.2.9:443".parse().unwrap());
        assert_eq!(list.append(tried), 3);
        let not_found = io::Error::from_raw_os_error(2).to_string().replace(" (os error 2)", "");
        let expected = format!(
            "192.0.2.9:443 no answer\n192.0.2.1:443 {not_found}\n[2001:db8::1]:443 no answer\n192.0.2.2:443 connected\n"
        );
        assert_eq!(list.to_string(), expected);
    }

    #[test]
    fn the_list_is_bounded_and_the_number_is_right() {
        let mut tried = TriedAddresses::default();
        for _ in 0..100 {
            let number = tried.begin("192.0.2.1:443".parse().unwrap());
            tried.failed(number, &io::Error::other("x".repeat(150)));
        }
        let mut list = TriedAddresses::default();
        assert_eq!(list.append(tried), 100);
        let words = list.to_string();
        assert!(words.len() > MAX_LIST / 2 && words.len() <= MAX_LIST && words.ends_with("x\n"), "{}", words.len());
        assert!("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 ".len() <= MAX_ADDRESS);
    }

    #[test]
    fn an_error_is_one_short_line() {
        assert_eq!(describe(&io::Error::other("two\r\nlines")), "two  lines");
        assert_eq!(describe(&io::Error::other("x".repeat(1000))).len(), MAX_ERROR);
        assert_eq!(describe(&io::Error::other("it returned (os error 2)")), "it returned (os error 2)");
        assert!(!describe(&io::Error::from_raw_os_error(2)).contains("os error"));
    }
}
