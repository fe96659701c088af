//! Compares how this module and the crate `url` read URLs.

mod grammar;

use super::*;
use grammar::{BASES, HOSTS, PORTS, Random, SCHEMES, changed, url};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The parts of a URL that the library uses: the text, the host, the port, user name and password, whether there is a fragment.
type Parts = (String, Host, Option<u16>, String, String, bool);

fn parts(parsed: Parsed) -> Parts {
    let Parsed { url, user, password, has_fragment } = parsed;
    // All parts of the text belong to one of these.
    let port = url.authority().strip_prefix(url.host_text()).unwrap();
    assert_eq!(url.as_str(), format!("{}://{}{port}{}", url.scheme(), url.host(), url.path_and_query()));
    assert!(url.path().starts_with('/') && url.has_query() == (url.path() != url.path_and_query()));
    let (host, port) = (url.host().clone(), url.port());
    (url.with_userinfo(&user, &password), host, port, decoded(&user), decoded(&password), has_fragment)
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).map(char::from).collect()
}

/// Returns the parts that the crate has read. With SOCKS the crate does not parse the host, so it is parsed here.
fn parts_of_crate(mut url: url::Url) -> Option<Parts> {
    let socks = match url.scheme() {
        "ws" | "wss" | "http" | "https" => false,
        "socks5" | "socks5h" => true,
        _ => return None,
    };
    let has_fragment = url.fragment().is_some();
    url.set_fragment(None);
    let host = match url::Host::parse(url.host_str()?).ok()? {
        url::Host::Domain(name) => Host::Domain(name),
        url::Host::Ipv4(address) => Host::Ipv4(address),
        url::Host::Ipv6(address) => Host::Ipv6(address),
    };
    let mut text = url.to_string();
    if socks {
        // Of the rest, the library only uses whether there is a path or a query.
        text = (matches!(url.path(), "" | "/") && url.query().is_none()).to_string();
    }
    let password = url.password().unwrap_or("");
    Some((text, host, url.port_or_known_default(), decoded(url.username()), decoded(password), has_fragment))
}

fn ours(text: &str, base: Option<&WebUrl>) -> Result<Parts, Unreadable> {
    let parsed = match base {
        Some(base) => base.join(text),
        None => parse(text),
    }?;
    let socks = parsed.url.scheme.default_port.is_none();
    let is_host_only = parsed.url.path_and_query() == "/";
    let mut parts = parts(parsed);
    if socks {
        parts.0 = is_host_only.to_string();
    }
    Ok(parts)
}

/// Returns whether the result for this host depends on the tables of Unicode, which the library may not have. Without them it
/// refuses names that are not ASCII, and checks converted labels only for their characters.
fn is_without_tables(host: Result<&Host, &Unreadable>) -> bool {
    let is_one = match host {
        Ok(Host::Domain(name)) => name.split('.').any(|label| label.starts_with("xn--")),
        Ok(_) => false,
        Err(why) => matches!(why, Unreadable::NoIdn | Unreadable::Invalid("invalid international domain name")),
    };
    assert!(!cfg!(feature = "idn") || host != Err(&Unreadable::NoIdn));
    is_one && !cfg!(feature = "idn")
}

/// Returns whether the crate differs from the standard. It does not remove a folder with the form of a Windows drive letter,
/// which the standard keeps only for `file`. It also refuses a third slash before a host in a relative URL.
fn crate_deviates(text: &str, base: Option<&str>) -> bool {
    let is_drive = |part: &str| matches!(part.as_bytes(), [drive, b':' | b'|'] if drive.is_ascii_alphabetic());
    let text: String = text.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let mut parts = [&text, base.unwrap_or("")].into_iter().flat_map(|url| url.split(['/', '\\', '?', '#']));
    let slashes = text.trim_start_matches(|c: char| c <= ' ' || c.is_ascii_alphabetic() || c == ':');
    let has_third_slash = base.is_some() && slashes.bytes().take_while(|byte| b"/\\".contains(byte)).count() > 2;
    parts.any(|part| is_drive(part.trim())) || has_third_slash
}

/// Compares how both read a text, which may be relative to `base`.
fn compare(text: &str, base: Option<&str>) -> bool {
    let base_of_crate = base.map(|base| url::Url::parse(base).unwrap());
    let theirs = match &base_of_crate {
        Some(base) => base.join(text),
        None => url::Url::parse(text),
    };
    let theirs = theirs.ok().and_then(parts_of_crate);
    let our_base = base.map(|base| parse(base).ok().unwrap().url);
    let ours = ours(text, our_base.as_ref());
    if is_without_tables(ours.as_ref().map(|parts| &parts.1)) && (ours.is_err() || theirs.is_none()) {
        return false;
    }
    if crate_deviates(text, base) {
        return false;
    }
    assert_eq!(ours.as_ref().ok(), theirs.as_ref(), "{text:?} relative to {base:?}: {ours:?}");
    theirs.is_some()
}

/// `EGRET_WS_TEST_URLS=1000000` sets the number of texts.
#[test]
fn urls_are_read_as_by_the_crate() {
    let count = std::env::var("EGRET_WS_TEST_URLS").map_or(20_000, |count| count.parse().unwrap());
    let seed = std::env::var("EGRET_WS_TEST_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut random = Random(seed);
    let mut readable = 0;
    for _ in 0..count {
        let mut text = url(&mut random);
        if random.below(4) == 0 {
            text = changed(&mut random, &text);
        }
        readable += usize::from(compare(&text, None));
        readable += usize::from(compare(&text, Some(BASES[random.below(BASES.len())])));
    }
    assert!(readable * 5 > count, "only {readable} of {count} texts can be read");
}

/// Compares each host with each scheme, and with each port.
#[test]
fn hosts_are_read_as_by_the_crate() {
    let read = HOSTS.iter().flat_map(|host| {
        let urls = SCHEMES[..6].iter().map(move |scheme| format!("{scheme}://{host}/"));
        urls.chain(PORTS.iter().map(move |port| format!("ws://{host}{port}/")))
    });
    assert!(read.filter(|text| compare(text, None)).count() > 100);
    for host in HOSTS {
        let (ours, theirs) = (Host::parse(host), url::Host::parse(host));
        if !is_without_tables(ours.as_ref()) {
            assert_eq!(ours.map(|host| host.to_string()).ok(), theirs.map(|host| host.to_string()).ok(), "{host:?}");
        }
    }
}

#[test]
fn parts_of_urls() {
    let url = |text: &str| parse(text).map_err(|why| why.to_string()).unwrap().url;
    for (text, authority, path_and_query) in [
        ("ws://h", "h", "/"),
        ("  WS:\\\\us:er@H:0080?", "h", "/?"),
        ("http:h:81/a/../b/%2E/c", "h:81", "/b/c"),
        ("wss://a@b@[0::ffff:1.2.3.4]:80/ü?'\u{1f600}", "[::ffff:102:304]:80", "/%C3%BC?%27%F0%9F%98%80"),
        ("ws://h\\@evil/", "h", "/@evil/"),
        ("ws://h#@evil/", "h", "/"),
        ("ws://h?@evil/", "h", "/?@evil/"),
        ("ws://ev\til\r\n/", "evil", "/"),
        ("socks5://a\\b@h", "h", "/"),
        ("ws://0x7f.1/", "127.0.0.1", "/"),
        ("ws://%30%78%37%66.1/", "127.0.0.1", "/"),
        ("ws://h/C:/../x", "h", "/x"),
    ] {
        assert_eq!((url(text).authority(), url(text).path_and_query()), (authority, path_and_query), "{text}");
    }
    // This is also so with more than two slashes, as in a browser.
    for text in ["//g/x", "///g/x", "\\\\\\g/x"] {
        assert_eq!(url("ws://h/a/b").join(text).ok().unwrap().url.as_str(), "ws://g/x", "{text}");
    }
    for (text, host) in [
        ("017700000001", Host::Ipv4(Ipv4Addr::LOCALHOST)),
        ("[0:0::1]", Host::Ipv6(Ipv6Addr::LOCALHOST)),
        ("A%2eb", Host::Domain("a.b".to_owned())),
    ] {
        assert_eq!(Host::parse(text), Ok(host));
    }
}
