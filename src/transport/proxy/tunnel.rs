//! Asking a proxy for a connection to the server, whatever it is asked in.

use super::http::Connect;
use super::refusal::Refusal;
use super::socks5::Negotiation;
use super::{Kind, Proxy};
use std::fmt;
use url::Host;
use zeroize::Zeroizing;

/// A tunnel that is being asked for. When it stands, the stream to the proxy is one to the server.
pub struct Tunnel {
    language: Language,
    output: Zeroizing<Vec<u8>>,
    /// The number of output bytes that were written.
    written: usize,
}

enum Language {
    Http(Connect),
    Socks5(Negotiation),
}

/// The bytes are not shown: the password is among them.
impl fmt::Debug for Tunnel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tunnel").finish_non_exhaustive()
    }
}

impl Tunnel {
    /// Begins to ask this proxy for a connection to the host.
    pub fn new(proxy: &Proxy, host: &Host<String>, port: u16) -> Tunnel {
        // It has its full size at once: growing would leave a copy of the password in freed memory.
        let mut output = Zeroizing::new(Vec::with_capacity(2048));
        let language = match proxy.kind {
            Kind::Http => Language::Http(Connect::new(proxy, host, port, &mut output)),
            Kind::Socks5 => Language::Socks5(Negotiation::new(proxy, host, port, &mut output)),
        };
        Tunnel { language, output, written: 0 }
    }

    /// What is to be written now; may be empty.
    pub fn output(&self) -> &[u8] {
        &self.output[self.written..]
    }

    /// So many bytes of [`Tunnel::output`] have been written.
    pub fn written(&mut self, count: usize) {
        self.written += count;
    }

    /// Takes the next bytes from the proxy, cut anywhere. True: the tunnel stands. There may be new output after each call.
    /// Neither after true nor after an error is it called again.
    pub fn feed(&mut self, input: &[u8]) -> Result<bool, Refusal> {
        let stands = match &mut self.language {
            Language::Http(connect) => connect.feed(input)?,
            Language::Socks5(negotiation) => negotiation.feed(input, &mut self.output)?,
        };
        if stands && !self.output().is_empty() {
            return Err(Refusal::new(0, "the proxy answered before it was asked"));
        }
        Ok(stands)
    }

    /// Called when the proxy will send no more. `Some` if the status line of a refusal was read.
    pub fn broken_off(&self) -> Option<Refusal> {
        match &self.language {
            Language::Http(connect) => connect.broken_off(),
            Language::Socks5(_) => None,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Plays a proxy that reads what is sent to it and then gives its answers one after the other. Tells what was sent
    /// before each of them, and after the last. Everything is done twice, the second time byte by byte.
    pub(in super::super) fn ask(proxy: &str, server: &str, answers: &[&[u8]]) -> (Vec<Vec<u8>>, Result<bool, Refusal>) {
        let whole = ask_in_pieces(proxy, server, answers, usize::MAX);
        assert_eq!(ask_in_pieces(proxy, server, answers, 1), whole, "cut to single bytes");
        whole
    }

    fn ask_in_pieces(
        proxy: &str,
        server: &str,
        answers: &[&[u8]],
        size: usize,
    ) -> (Vec<Vec<u8>>, Result<bool, Refusal>) {
        let (host, port) = server.rsplit_once(':').unwrap();
        let proxy = Proxy::from_url(proxy).unwrap();
        let mut tunnel = Tunnel::new(&proxy, &Host::parse(host).unwrap(), port.parse().unwrap());
        let mut sent = vec![read(&mut tunnel, size)];
        let mut result = Ok(false);
        for answer in answers {
            for piece in answer.chunks(size) {
                assert_eq!(result, Ok(false), "there is more of the answers");
                result = tunnel.feed(piece);
                if result.is_err() {
                    return (sent, result);
                }
            }
            sent.push(read(&mut tunnel, size));
        }
        (sent, result)
    }

    fn read(tunnel: &mut Tunnel, size: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !tunnel.output().is_empty() {
            let count = tunnel.output().len().min(size);
            bytes.extend_from_slice(&tunnel.output()[..count]);
            tunnel.written(count);
        }
        bytes
    }

    /// The message of a refusal and its status.
    pub(in super::super) fn refused(proxy: &str, server: &str, answers: &[&[u8]]) -> (u16, String) {
        let refusal = ask(proxy, server, answers).1.expect_err("refused");
        assert!(!refusal.message.contains("s3cret"), "{}", refusal.message);
        (refusal.http_status, refusal.message)
    }

    #[test]
    fn an_answer_that_comes_before_the_question_opens_nothing() {
        let answers: [(&str, &[u8]); 2] =
            [("http://h", b"HTTP/1.1 200 OK\r\n\r\n"), ("socks5://h", &[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0])];
        for (proxy, answer) in answers {
            let mut tunnel = Tunnel::new(&Proxy::from_url(proxy).unwrap(), &Host::Domain("server".into()), 80);
            assert!(!tunnel.output().is_empty());
            assert_eq!(tunnel.feed(answer).unwrap_err().message, "the proxy answered before it was asked");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        for proxy in ["http://n4me:s3cret@h", "socks5://n4me:s3cret@h"] {
            let proxy = Proxy::from_url(proxy).unwrap();
            let mut tunnel = Tunnel::new(&proxy, &Host::Domain("server".into()), 80);
            if proxy.kind == Kind::Socks5 {
                assert_eq!(tunnel.feed(&[5, 2]), Ok(false));
                assert!(tunnel.output().ends_with(b"s3cret"));
            }
            assert_eq!(format!("{tunnel:?}"), "Tunnel { .. }");
        }
    }
}
