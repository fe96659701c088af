//! The request as it arrives.
#![allow(unsafe_code)] // the C ABI is called as a host would

use crate::site::{ACCEPT, Site};
use ::egret_ws::*;
use std::ffi::{CStr, CString};
use std::ptr;
use test_support::client::{DRIVERS, Driver, Loop, header, set_headers};
use test_support::connection::{expect_connect_error, run_connection};
use test_support::scripted_server::Request;

/// Returns the request that arrives from a connection with these options. The connection must succeed.
#[track_caller]
fn request(set: impl FnOnce(&mut egret_ws_options)) -> Request {
    let site = Site::start([ACCEPT]);
    run_connection(Driver::Threaded, site.url(), set).expect_open();
    site.finish_one()
}

#[test]
fn headers_arrive_as_given_and_in_their_order() {
    let given = [
        header(c"X-First", c"1"),
        header(c"x-second", c"two words; and=\"a quote\", (more)"),
        header(c"X-EMPTY", c""),
        header(c"Cookie", c"a=1"),
        header(c"X-First", c"again"),
        header(c"!#$%&'*+-.^_`|~0aZ", c"every sign a token may have"),
        header(c"Authorization", c"Bearer abc.def"),
        header(c"X-Text", c"gr\xc3\xbc\xc3\x9fe"),
    ];
    for driver in DRIVERS {
        let site = Site::start([ACCEPT]);
        run_connection(driver, site.url(), |options| set_headers(options, &given)).expect_open();
        let head = site.finish_one();
        let own = ["Host", "Connection", "Upgrade", "User-Agent"];
        let is_own = |name: &str| own.contains(&name) || name.starts_with("Sec-WebSocket-");
        let arrived = head.headers.iter().filter(|(name, _)| !is_own(name));
        let arrived: Vec<_> = arrived.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            arrived,
            [
                ("X-First", "1"),
                ("x-second", "two words; and=\"a quote\", (more)"),
                ("X-EMPTY", ""),
                ("Cookie", "a=1"),
                ("X-First", "again"),
                ("!#$%&'*+-.^_`|~0aZ", "every sign a token may have"),
                ("Authorization", "Bearer abc.def"),
                ("X-Text", "grüße"),
            ]
        );
    }
}

#[test]
fn options_are_copied_before_the_call_returns() {
    let site = Site::start([ACCEPT]);
    let url = site.url();
    let host = Loop::new(Driver::Inline);
    let socket = {
        let (name, value) = (c"X-Name".to_owned(), c"value".to_owned());
        let (origin, agent) = (c"https://game.test".to_owned(), c"agent/1".to_owned());
        let (user, password) = (c"user".to_owned(), c"password".to_owned());
        let headers = [egret_ws_header { name: name.as_ptr(), value: value.as_ptr() }];
        let socket = host.open_url(url, |options| {
            set_headers(options, &headers);
            (options.origin, options.user_agent) = (origin.as_ptr(), agent.as_ptr());
            (options.username, options.password) = (user.as_ptr(), password.as_ptr());
        });
        for text in [name, value, origin, agent, user, password] {
            let mut bytes = text.into_bytes();
            bytes.fill(b'\n'); // after that it is freed
        }
        socket.expect("the connect call succeeds")
    };
    assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
    let head = site.finish_one();
    assert_eq!(head.get("X-Name"), Some("value"));
    assert_eq!(head.get("Origin"), Some("https://game.test"));
    assert_eq!(head.get("User-Agent"), Some("agent/1"));
    assert_eq!(head.get("Authorization"), Some("Basic dXNlcjpwYXNzd29yZA=="));
}

#[test]
fn as_many_headers_as_fit_into_8_kib_arrive() {
    const COUNT: usize = 128; // headers of 64 bytes
    let values: Vec<CString> = (0..COUNT).map(|n| CString::new(format!("{n:058}")).unwrap()).collect();
    let headers: Vec<_> =
        values.iter().map(|value| egret_ws_header { name: c"X-Many".as_ptr(), value: value.as_ptr() }).collect();
    let head = request(|options| set_headers(options, &headers));
    let arrived = head.headers.iter().filter(|(name, _)| name == "X-Many").map(|(_, value)| value.as_bytes());
    assert!(arrived.eq(values.iter().map(|value| value.as_bytes())));
}

#[test]
fn origin_is_sent_if_given() {
    assert_eq!(request(|_| {}).get("Origin"), None);
    let head = request(|options| options.origin = c"https://game.example:8443".as_ptr());
    assert_eq!(head.get("Origin"), Some("https://game.example:8443"));
}

#[test]
fn user_agent_can_be_set_or_left_out() {
    // SAFETY: a static string that ends in a NUL.
    let version = unsafe { CStr::from_ptr(egret_ws_version_string()) }.to_str().unwrap();
    assert_eq!(request(|_| {}).get("User-Agent"), Some(&*format!("egret-ws/{version}")));
    let head = request(|options| options.user_agent = c"EgretGame/5.4 (Linux; arm64)".as_ptr());
    assert_eq!(head.get("User-Agent"), Some("EgretGame/5.4 (Linux; arm64)"));
    assert_eq!(request(|options| options.user_agent = c"".as_ptr()).get("User-Agent"), None);
}

/// Returns the `Authorization` that arrives from a URL with `user_info` and these options. The user information itself must not
/// be anywhere in the request.
#[track_caller]
fn authorization(user_info: &str, username: Option<&'static CStr>, password: Option<&'static CStr>) -> Option<String> {
    let site = Site::start([ACCEPT]);
    let port = site.port;
    let outcome =
        run_connection(Driver::Threaded, format!("ws://{user_info}127.0.0.1:{port}/chat?room=1"), |options| {
            options.username = username.map_or(ptr::null(), CStr::as_ptr);
            options.password = password.map_or(ptr::null(), CStr::as_ptr);
        });
    outcome.expect_open();
    let head = site.finish_one();
    assert_eq!(head.line, "GET /chat?room=1 HTTP/1.1");
    assert_eq!(head.get("Host"), Some(&*format!("127.0.0.1:{port}")));
    assert!(user_info.is_empty() || !format!("{head:?}").contains(user_info), "{head:#?}");
    head.get("Authorization").map(String::from)
}

#[test]
fn user_information_of_the_url_is_sent_as_basic_authentication() {
    for (user_info, expected) in [
        ("", None),
        ("user:password@", Some("Basic dXNlcjpwYXNzd29yZA==")), // user:password
        ("Aladdin:open%20sesame@", Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")), // RFC 7617 section 2
        ("user@", Some("Basic dXNlcjo=")),                      // user:
        ("user:@", Some("Basic dXNlcjo=")),                     // user:
        (":password@", Some("Basic OnBhc3N3b3Jk")),             // :password
        ("us%65r:p%40ss%3Aw%2Fd@", Some("Basic dXNlcjpwQHNzOncvZA==")), // user:p@ss:w/d
        ("user:pa:ss@", Some("Basic dXNlcjpwYTpzcw==")),        // user:pa:ss
        ("test:123%C2%A3@", Some("Basic dGVzdDoxMjPCow==")),    // test:123£, RFC 7617 section 2.1
        ("test:123£@", Some("Basic dGVzdDoxMjPCow==")),
    ] {
        assert_eq!(authorization(user_info, None, None).as_deref(), expected, "{user_info}");
    }
}

#[test]
fn user_name_and_password_of_the_options_win_over_the_urls() {
    for (user_info, username, password, expected) in [
        ("", Some(c"user"), Some(c"password"), "Basic dXNlcjpwYXNzd29yZA=="), // user:password
        ("", Some(c"user"), Some(c""), "Basic dXNlcjo="),                     // user:
        ("", Some(c"user"), None, "Basic dXNlcjo="),                          // user:
        ("", Some(c"us%65r"), Some(c"p@ss:w/d"), "Basic dXMlNjVyOnBAc3M6dy9k"), // us%65r:p@ss:w/d, nothing decoded
        ("", Some(c"test"), Some(c"123\xc2\xa3"), "Basic dGVzdDoxMjPCow=="),  // test:123£
        ("urls:own@", Some(c"user"), Some(c"password"), "Basic dXNlcjpwYXNzd29yZA=="),
        ("urls:own@", Some(c"user"), None, "Basic dXNlcjo="), // not another user's password
    ] {
        assert_eq!(authorization(user_info, username, password).as_deref(), Some(expected), "{user_info} {username:?}");
    }
}

/// RFC 7617 section 2: a colon would end the name, and control characters are in neither.
#[test]
fn user_information_that_cannot_be_sent_is_refused() {
    for user_info in ["us%3Aer:password@", "us%0Aer@", "user:pass%00word@", "user:pass%7Fword@"] {
        let refused = expect_connect_error(format!("ws://{user_info}127.0.0.1:9/"), |_| {});
        assert_eq!(refused.error, EGRET_WS_ERR_INVALID_URL, "{user_info}");
        assert!(refused.log[0].contains("user name"), "{:?}", refused.log);
    }
}
