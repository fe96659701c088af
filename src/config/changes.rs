//! Changes of a request that `on_request` makes before an attempt. The rules of the connect call apply. After an error nothing
//! has changed.

use super::network::addresses;
use super::request::{check_authorization, check_header, check_size, copy_header, subprotocols};
use super::url::{self, Url};
use super::value::text;
use super::{ConnectConfig, check_addresses, check_route};
use crate::error::DetailedError;
use crate::input_limits;

impl ConnectConfig {
    /// Changes the URL. Its user name and password replace those of the previous URL.
    pub fn set_url(&mut self, url: Option<&[u8]>) -> Result<(), DetailedError> {
        let url = url.ok_or_else(|| DetailedError::invalid("the URL is NULL"))?;
        let target = Url::from_url(url::text(url)?)?;
        check_route(&self.proxies, &target, self.loop_tls)?;
        let given = self.request.credentials.as_ref().filter(|_| self.has_given_credentials);
        let credentials = given.or(target.credentials());
        check_authorization(&self.request.headers, credentials.is_some())?;
        self.request.credentials = credentials.cloned();
        if !self.target.is_same_origin(&target) {
            self.addresses.clear();
        }
        self.target = target;
        Ok(())
    }

    /// Replaces all headers of this name with one that has this value. Without a value, the headers are removed.
    pub fn set_header(&mut self, name: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), DetailedError> {
        let name = text(&"the name of the header", name, input_limits::HEADER_BYTES)?
            .ok_or_else(|| DetailedError::invalid("the name of the header is NULL"))?;
        let value = text(&"the value of the header", value, input_limits::HEADER_BYTES)?;
        check_header(name, value.unwrap_or("")).map_err(DetailedError::invalid)?;
        let is_other = |(other, _): &(String, _)| !other.eq_ignore_ascii_case(name);
        let Some(value) = value else {
            self.request.headers.retain(is_other);
            return Ok(());
        };
        let others = self.request.headers.iter().filter(|header| is_other(header));
        let (count, bytes) = others.fold((1, name.len() + value.len()), |(count, bytes), (name, value)| {
            (count + 1, bytes + name.len() + value.len())
        });
        check_size(count, bytes)?;
        let header = copy_header(name, value)?;
        check_authorization(std::slice::from_ref(&header), self.request.credentials.is_some())?;
        let at = self.request.headers.iter().position(|header| !is_other(header));
        let at = at.unwrap_or(self.request.headers.len());
        self.request.headers.retain(is_other);
        self.request.headers.insert(at, header);
        Ok(())
    }

    /// Changes the subprotocols. Without a list, the request has none.
    pub fn set_subprotocols(&mut self, list: Option<&[u8]>) -> Result<(), DetailedError> {
        self.request.subprotocols = subprotocols(list)?;
        Ok(())
    }

    /// Changes the addresses of the target. Without a list, the target has none, and its name is looked up.
    pub fn set_addresses(&mut self, list: Option<&[u8]>) -> Result<(), DetailedError> {
        let addresses = addresses(list)?;
        check_addresses(&addresses, &self.proxies)?;
        self.addresses = addresses;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoopTls, SocketOptions};
    use crate::error::Error;

    type Change = fn(&mut ConnectConfig) -> Result<(), DetailedError>;

    fn begin(url: &str, username: Option<&'static [u8]>) -> ConnectConfig {
        let options = SocketOptions { username, subprotocols: Some(b"chat"), ..SocketOptions::default() };
        ConnectConfig::new(Url::from_url(url).unwrap(), &options, LoopTls::Library).unwrap()
    }

    fn headers(config: &ConnectConfig) -> Vec<String> {
        config.request.headers.iter().map(|(name, value)| format!("{name}: {}", **value)).collect()
    }

    /// Describes everything that the host can change.
    fn describe(config: &ConnectConfig) -> String {
        let request = &config.request;
        let user = request.credentials.as_ref().map(|(user, _)| (**user).clone());
        let url = (config.target.authority(), config.target.path_and_query());
        format!("{url:?} {user:?} {:?} {:?}", request.subprotocols, headers(config))
    }

    #[test]
    fn refused_changes_change_nothing() {
        let rows: &[(Change, Error, &str)] = &[
            (|c| c.set_url(None), Error::InvalidArgument, "NULL"),
            (|c| c.set_url(Some(b"")), Error::InvalidUrl, "URL"),
            (|c| c.set_url(Some(b"ws://h/#")), Error::InvalidUrl, "fragment"),
            (|c| c.set_url(Some(b"ws://\xff")), Error::InvalidUrl, "UTF-8"),
            (|c| c.set_url(Some(&[b'a'; input_limits::URL + 1])), Error::InvalidUrl, "longer"),
            (|c| c.set_url(Some(b"ws://new@h/")), Error::InvalidArgument, "Authorization"),
            (|c| c.set_header(None, Some(b"v")), Error::InvalidArgument, "NULL"),
            (|c| c.set_header(Some(b"\xff"), None), Error::InvalidArgument, "UTF-8"),
            (|c| c.set_header(Some(b"X"), Some(b"\xff")), Error::InvalidArgument, "UTF-8"),
            (|c| c.set_header(Some(b"X:"), Some(b"v")), Error::InvalidArgument, "token"),
            (|c| c.set_header(Some(b"Origin"), None), Error::InvalidArgument, "library"),
            (|c| c.set_header(Some(b"X"), Some(b"\n")), Error::InvalidArgument, "control"),
            (|c| c.set_header(Some(b"X"), Some(&[b'a'; 8192])), Error::InvalidArgument, "8192"),
            (|c| c.set_subprotocols(Some(b"")), Error::InvalidArgument, "token"),
            (|c| c.set_subprotocols(Some(b"a,a")), Error::InvalidArgument, "twice"),
        ];
        for (change, error, word) in rows {
            let mut config = begin("ws://h/", None);
            config.set_header(Some(b"Authorization"), Some(b"token")).unwrap();
            let before = describe(&config);
            let refused = change(&mut config).unwrap_err();
            assert_eq!(refused.error, *error, "{refused:?}");
            assert!(refused.detail.contains(word), "{refused:?}, not {word}");
            assert_eq!(describe(&config), before, "{refused:?}");
        }
    }

    #[test]
    fn a_user_name_and_an_authorization_exclude_each_other() {
        for (url, username) in [("ws://user@h/", None), ("ws://h/", Some(&b"user"[..]))] {
            let mut config = begin(url, username);
            let refused = config.set_header(Some(b"authorization"), Some(b"x")).unwrap_err();
            assert!(refused.error == Error::InvalidArgument && config.request.headers.is_empty(), "{refused:?}");
            assert_eq!(config.set_header(Some(b"Authorization"), None), Ok(()));
        }
    }

    #[test]
    fn the_user_name_of_the_url_changes_with_it_and_that_of_the_options_stays() {
        for (url, given, new_url, user) in [
            ("ws://one@h/", None, "ws://two@h/", Some("two")),
            ("ws://one@h/", None, "ws://h/", None),
            ("ws://h/", None, "ws://two@h/", Some("two")),
            ("ws://one@h/", Some(&b"given"[..]), "ws://two@h/", Some("given")),
            ("ws://given@h/", Some(&b"given"[..]), "ws://h/", Some("given")),
        ] {
            let mut config = begin(url, given);
            config.set_url(Some(new_url.as_bytes())).unwrap();
            assert_eq!(config.request.credentials.as_ref().map(|(user, _)| user.as_str()), user, "{url}, {new_url}");
        }
    }

    #[test]
    fn a_header_replaces_all_of_its_name() {
        let mut config = begin("ws://h/", None);
        for (name, value) in [("X-A", "1"), ("X-B", "2"), ("X-C", "3")] {
            config.set_header(Some(name.as_bytes()), Some(value.as_bytes())).unwrap();
        }
        config.request.headers.push(("x-a".into(), "4".to_owned().into()));
        config.set_header(Some(b"x-A"), Some(b"5")).unwrap();
        assert_eq!(headers(&config), ["x-A: 5", "X-B: 2", "X-C: 3"]);
        config.set_header(Some(b"x-b"), None).unwrap();
        config.set_header(Some(b"x-b"), None).unwrap();
        assert_eq!(headers(&config), ["x-A: 5", "X-C: 3"]);
    }

    #[test]
    fn headers_have_the_limits_of_the_options() {
        let mut config = begin("ws://h/", None);
        for number in 0..input_limits::HEADERS {
            config.set_header(Some(format!("X-{number}").as_bytes()), Some(b"")).unwrap();
        }
        assert!(config.set_header(Some(b"X-Another"), Some(b"")).is_err());
        assert_eq!(config.set_header(Some(b"x-7"), Some(b"in place of another")), Ok(()));
        let mut config = begin("ws://h/", None);
        let most = [b'a'; input_limits::HEADER_BYTES - 1];
        assert_eq!(config.set_header(Some(b"X"), Some(&most)), Ok(()));
        assert_eq!(config.set_header(Some(b"X"), Some(&most)), Ok(()), "the replaced header does not count");
        assert!(config.set_header(Some(b"Y"), Some(b"")).is_err());
    }
}
