//! Replaces `proxy` if its Cargo feature is off. Every connection is direct, and the options for a proxy are refused. Only
//! `Proxies` has a value, so the compiler removes all code that would use the other types.
#![allow(missing_docs, reason = "as in `proxy`")]

use crate::error::{DetailedError, Error};
use crate::protocol::http_head::Head;
use crate::web_url::Host;
use std::convert::Infallible;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxies {
    Unset,
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    pub host: Host,
    pub port: u16,
    never: Infallible,
}

#[derive(Debug)]
pub struct Tunnel(Infallible);

pub struct TunnelError {
    pub error: Error,
    pub http_status: u16,
    pub head: Option<Head>,
    pub is_whole: bool,
    pub message: String,
}

impl Proxies {
    pub fn read(
        option: Option<&str>,
        from_environment: bool,
        _: impl Fn(&str) -> Option<String>,
    ) -> Result<Proxies, DetailedError> {
        match option {
            Some("") => Ok(Proxies::None),
            None if !from_environment => Ok(Proxies::Unset),
            _ => Err(DetailedError::new(
                Error::Unsupported,
                "this library was built without proxies (its feature `proxies`)",
            )),
        }
    }

    pub fn are_unset(&self) -> bool {
        matches!(self, Proxies::Unset)
    }

    pub fn is_fixed(&self) -> bool {
        false
    }

    pub fn read_list(list: &str) -> Result<Vec<Option<Proxy>>, DetailedError> {
        match list.trim() {
            "" | "direct" => Ok(vec![None]),
            list => Proxies::read(Some(list), false, |_| None).map(|_| Vec::new()),
        }
    }

    pub fn for_target(&self, _: bool, _: &Host, _: u16) -> Result<Option<&Proxy>, DetailedError> {
        Ok(None)
    }
}

impl Proxy {
    pub fn is_secure(&self) -> bool {
        match self.never {}
    }

    pub fn server_name(&self) -> String {
        match self.never {}
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.never {}
    }
}

impl Tunnel {
    pub fn new(proxy: &Proxy, _: &Host, _: u16) -> Tunnel {
        match proxy.never {}
    }

    pub fn output(&self) -> &[u8] {
        match self.0 {}
    }

    pub fn written(&mut self, _: usize) {
        match self.0 {}
    }

    pub fn feed(&mut self, _: &mut &[u8]) -> Result<bool, TunnelError> {
        match self.0 {}
    }

    pub fn broken_off(&self) -> Option<TunnelError> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_for_a_proxy_are_refused() {
        let read = |option, from_environment| Proxies::read(option, from_environment, |_| None);
        assert_eq!(read(None, false), Ok(Proxies::Unset));
        for from_environment in [false, true] {
            assert_eq!(read(Some(""), from_environment), Ok(Proxies::None));
        }
        for (option, from_environment) in [(Some("http://h"), false), (Some("h"), true), (None, true)] {
            let DetailedError { error, detail: why } = read(option, from_environment).unwrap_err();
            assert!(error == Error::Unsupported && why.contains("`proxies`"), "{error:?}: {why}");
        }
    }
}
