//! The proxy of a connection. It comes from the option, or from the environment variables, as in curl and Go.

use super::no_proxy::{NoProxy, is_loopback};
use super::proxy_url::Proxy;
use crate::error::DetailedError;
use crate::input_limits;
use crate::web_url::Host;

/// The proxies that a socket may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxies {
    /// The options contain no proxy. If the host has a hook, the hook decides. Otherwise every connection is direct.
    Unset,
    /// Every connection is direct.
    None,
    /// Every connection uses this proxy.
    Fixed(Proxy),
    /// The environment variables decide.
    Environment(Environment),
}

impl Proxies {
    /// Reads the option `proxy`: a URL, or an empty text for no proxy. If it is not set, `from_environment` decides whether the
    /// environment variables are used.
    pub fn read(
        option: Option<&str>,
        from_environment: bool,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Proxies, DetailedError> {
        Ok(match option {
            Some("") => Proxies::None,
            Some(url) => Proxies::Fixed(Proxy::from_url(url)?),
            None if from_environment => Proxies::Environment(Environment::read(variable)),
            None => Proxies::Unset,
        })
    }

    /// Returns whether every connection uses a proxy of the options.
    pub fn is_fixed(&self) -> bool {
        matches!(self, Proxies::Fixed(_))
    }

    /// Reads a list of proxies, separated by commas. Each item is a URL or `direct`. An empty text means a direct connection.
    pub fn read_list(list: &str) -> Result<Vec<Option<Proxy>>, DetailedError> {
        if list.trim().is_empty() {
            return Ok(vec![None]);
        }
        let items = list.split(',').map(str::trim);
        if items.clone().count() > input_limits::PROXIES {
            return Err(DetailedError::invalid(format!("more than {} proxies", input_limits::PROXIES)));
        }
        // This is checked without regard to letter case, because no proxy has this name.
        let is_direct = |item: &str| item.eq_ignore_ascii_case("direct");
        let read = |(at, item)| match is_direct(item) {
            true => Ok(None),
            false => Proxy::from_url(item).map(Some).map_err(|DetailedError { error, detail }| {
                DetailedError::new(error, format!("item {} of the list: {detail}", at + 1))
            }),
        };
        items.enumerate().map(read).collect()
    }

    /// Returns whether a hook of the host decides, if the host has one.
    pub fn are_unset(&self) -> bool {
        matches!(self, Proxies::Unset)
    }

    /// Returns the proxy for a connection to this host, if any. `secure` is true for `wss`. The caller asks again after each
    /// redirect. Fails if the environment names a proxy that cannot be used, because a direct connection would hide this error.
    pub fn for_target(&self, secure: bool, host: &Host, port: u16) -> Result<Option<&Proxy>, DetailedError> {
        match self {
            Proxies::Unset | Proxies::None => Ok(None),
            Proxies::Fixed(proxy) => Ok(Some(proxy)),
            Proxies::Environment(environment) => environment.for_target(secure, host, port),
        }
    }
}

/// The environment variables, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    plain: Option<Result<Proxy, DetailedError>>,
    secure: Option<Result<Proxy, DetailedError>>,
    direct: Result<NoProxy, DetailedError>,
}

impl Environment {
    /// Reads `https_proxy`, `http_proxy`, then `all_proxy` if one of them is not set, and `no_proxy`. Each is read first in lower
    /// case, then in upper case. An empty variable counts as not set. An invalid value is an error only when it is needed. The
    /// error names the variable, but never contains its value.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Environment {
        let set = |name: &'static str| Some((name, variable(name).filter(|value| !value.trim().is_empty())?));
        let proxy = |(name, value): (&str, String)| {
            Proxy::from_url(&value).map_err(|DetailedError { error, detail }| {
                DetailedError::new(error, format!("the environment's {name}: {detail}"))
            })
        };
        // In a CGI program, HTTP_PROXY contains the request header `Proxy`, which any client can send ("httpoxy", CVE-2016-5385).
        // On Windows, http_proxy is that variable too.
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let http_proxy = set("http_proxy").filter(|_| !(is_cgi && cfg!(windows)));
        let http_proxy = http_proxy.or_else(|| set("HTTP_PROXY").filter(|_| !is_cgi));
        let https_proxy = set("https_proxy").or_else(|| set("HTTPS_PROXY"));
        let all_proxy = || set("all_proxy").or_else(|| set("ALL_PROXY"));
        let direct = match set("no_proxy").or_else(|| set("NO_PROXY")) {
            Some((name, list)) if list.len() > input_limits::NO_PROXY => Err(DetailedError::invalid(format!(
                "the environment's {name} is longer than {} bytes",
                input_limits::NO_PROXY
            ))),
            list => Ok(NoProxy::read(list.as_ref().map_or("", |(_, list)| list))),
        };
        Environment {
            plain: http_proxy.or_else(all_proxy).map(proxy),
            secure: https_proxy.or_else(all_proxy).map(proxy),
            direct,
        }
    }

    fn for_target(&self, secure: bool, host: &Host, port: u16) -> Result<Option<&Proxy>, DetailedError> {
        let proxy = if secure { &self.secure } else { &self.plain };
        // A proxy on another machine cannot connect to the loopback addresses of this one. Go has this rule too.
        let Some(proxy) = proxy.as_ref().filter(|_| !is_loopback(host)) else { return Ok(None) };
        if self.direct.as_ref().map_err(Clone::clone)?.matches(host, port) {
            return Ok(None);
        }
        proxy.as_ref().map(Some).map_err(Clone::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn read(variables: &[(&str, &str)]) -> Environment {
        let value = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.to_string());
        Environment::read(value)
    }

    /// Returns the hosts of the proxies for `ws` and `wss` to `host`.
    fn route(variables: &[(&str, &str)], host: &str) -> [Option<String>; 2] {
        let proxies = Proxies::Environment(read(variables));
        let host = Host::parse(host).unwrap();
        [false, true].map(|secure| Some(proxies.for_target(secure, &host, 80).unwrap()?.host.to_string()))
    }

    #[test]
    fn variables_are_used_in_their_order() {
        type Row<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, Option<&'a str>); // variables, proxy for ws, proxy for wss
        let rows: &[Row<'_>] = &[
            (&[], None, None),
            (&[("http_proxy", "a")], Some("a"), None),
            (&[("https_proxy", "a")], None, Some("a")),
            (&[("HTTP_PROXY", "a"), ("HTTPS_PROXY", "b")], Some("a"), Some("b")),
            (&[("HTTP_PROXY", "A"), ("http_proxy", "a")], Some("a"), None),
            (&[("HTTPS_PROXY", "A"), ("https_proxy", "a")], None, Some("a")),
            (&[("all_proxy", "a")], Some("a"), Some("a")),
            (&[("http_proxy", "https://a"), ("HTTPS_PROXY", "https://b:444")], Some("a"), Some("b")),
            (&[("ALL_PROXY", "A"), ("all_proxy", "a")], Some("a"), Some("a")),
            (&[("ALL_PROXY", "a"), ("HTTP_PROXY", "b")], Some("b"), Some("a")),
            (&[("all_proxy", "a"), ("HTTPS_PROXY", "b")], Some("a"), Some("b")),
            // An empty variable counts as not set.
            (
                &[("http_proxy", ""), ("HTTP_PROXY", "a"), ("https_proxy", " "), ("all_proxy", "b")],
                Some("a"),
                Some("b"),
            ),
            // This is a CGI program.
            (&[("HTTP_PROXY", "a"), ("HTTPS_PROXY", "b"), ("REQUEST_METHOD", "GET")], None, Some("b")),
            (&[("HTTP_PROXY", "a"), ("all_proxy", "b"), ("REQUEST_METHOD", "")], Some("b"), Some("b")),
            #[cfg(not(windows))]
            (&[("http_proxy", "a"), ("REQUEST_METHOD", "GET")], Some("a"), None),
            // These are variables of a desktop environment.
            (&[("all_proxy", "socks://a/"), ("http_proxy", "b"), ("https_proxy", "c")], Some("b"), Some("c")),
            // These have exceptions.
            (&[("all_proxy", "a"), ("NO_PROXY", "game.example")], None, None),
            (&[("all_proxy", "a"), ("NO_PROXY", "game.example"), ("no_proxy", "other")], Some("a"), Some("a")),
            (&[("all_proxy", "a"), ("no_proxy", "game.example:80")], None, None),
            (&[("all_proxy", "a"), ("no_proxy", "game.example:81")], Some("a"), Some("a")),
        ];
        for (variables, plain, secure) in rows {
            assert_eq!(
                route(variables, "game.example"),
                [*plain, *secure].map(|name| name.map(str::to_owned)),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn loopback_uses_only_the_proxy_of_the_option() {
        let fixed = Proxies::Fixed(Proxy::from_url("proxy").unwrap());
        for host in ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"]
        {
            assert_eq!(route(&[("all_proxy", "proxy")], host), [None, None], "{host}");
            let host = Host::parse(host).unwrap();
            assert!(fixed.for_target(true, &host, 80).unwrap().is_some(), "{host}");
            assert_eq!(Proxies::None.for_target(true, &host, 80), Ok(None));
        }
        for host in ["localhost.example", "notlocalhost", "128.0.0.1", "[::2]"] {
            assert_eq!(route(&[("all_proxy", "proxy")], host), [Some("proxy".into()), Some("proxy".into())], "{host}");
        }
    }

    fn refused(variables: &[(&str, &str)], secure: bool) -> DetailedError {
        let proxies = Proxies::Environment(read(variables));
        proxies.for_target(secure, &Host::parse("game.example").unwrap(), 80).unwrap_err()
    }

    #[test]
    fn an_invalid_variable_is_an_error_when_it_is_needed() {
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            let variables = [(name, "ftp://u:s3cret@h")];
            let DetailedError { error, detail: why } = refused(&variables, name.to_lowercase() != "http_proxy");
            assert_eq!(route(&variables, "localhost"), [None, None]);
            assert_eq!(error, Error::InvalidArgument);
            assert!(why.starts_with(&format!("the environment's {name}: the proxy's URL does not begin")), "{why}");
            assert!(!why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn variables_are_accepted_up_to_their_limit() {
        for name in ["no_proxy", "NO_PROXY"] {
            let list = |length: usize| format!("game.example{}", " ".repeat(length - 12));
            assert_eq!(
                route(&[("all_proxy", "a"), (name, &list(input_limits::NO_PROXY))], "game.example"),
                [None, None]
            );
            let longer = list(input_limits::NO_PROXY + 1);
            let DetailedError { error, detail: why } = refused(&[("all_proxy", "a"), (name, &longer)], true);
            assert_eq!(error, Error::InvalidArgument);
            assert!(why.contains(name) && why.contains(&input_limits::NO_PROXY.to_string()), "{why}");
            // The list is not read if no proxy is set.
            assert_eq!(route(&[("all_proxy", "a"), (name, &longer)], "localhost"), [None, None]);
            assert_eq!(route(&[(name, &longer)], "game.example"), [None, None]);
        }
        let longer = format!("http://{}", "h".repeat(input_limits::TEXT));
        let DetailedError { error, detail: why } = refused(&[("all_proxy", &longer)], true);
        assert!(error == Error::InvalidArgument && why.contains("all_proxy") && why.contains("8192"), "{why}");
    }

    #[test]
    fn lists_have_urls_and_direct() {
        let rows: &[(&str, &[&str])] = &[
            ("", &["direct"]),
            ("  ", &["direct"]),
            ("direct", &["direct"]),
            (" DIRECT ", &["direct"]),
            ("proxy", &["http://proxy:80"]),
            ("https://proxy,Direct, socks5://u:p%2Cq@h", &["https://proxy:443", "direct", "socks5://h:1080"]),
            ("a,a,a,a,a,a,a,direct", &["http://a:80"; 7]),
        ];
        for (list, expected) in rows {
            let read = Proxies::read_list(list).unwrap();
            let shown: Vec<_> = read.iter().map(|p| p.as_ref().map_or("direct".to_owned(), Proxy::to_string)).collect();
            assert_eq!(shown[..expected.len()], **expected, "{list}");
            assert!(shown.len() == expected.len() || shown.len() == 8, "{list}");
        }
        for list in [",", "a,", ",a", "a,,b", "a b", "PROXY a:1; DIRECT", "ftp://a", "a,a,a,a,a,a,a,a,a"] {
            assert_eq!(Proxies::read_list(list).unwrap_err().error, Error::InvalidArgument, "{list}");
        }
        let why = Proxies::read_list("direct,http://u:s3cret@h:0").unwrap_err().detail;
        assert_eq!(why, "item 2 of the list: the proxy's URL has port 0");
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", Proxies::Environment(read(&[("all_proxy", "http://n4me:s3cret@h:3128")])));
        assert!(shown.contains("3128") && !shown.contains("s3cret") && !shown.contains("n4me"), "{shown}");
    }
}
