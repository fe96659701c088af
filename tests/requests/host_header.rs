//! The `Host` header.

use crate::site::{ACCEPT, Site, TUNNEL};
use std::ffi::CString;
use std::net::TcpListener;
use test_support::client::Driver;
use test_support::connection::run_connection;

#[test]
fn the_host_header_is_that_of_the_url() {
    for (url, host) in [
        ("ws://127.0.0.1:{port}", "127.0.0.1:{port}"),
        ("ws://LOCALHOST:{port}/", "localhost:{port}"),
        ("ws://0x7f.1:{port}/", "127.0.0.1:{port}"),
        ("ws://Bücher.localhost:{port}/", "xn--bcher-kva.localhost:{port}"),
        ("ws://b%C3%BCcher.localhost:{port}/", "xn--bcher-kva.localhost:{port}"),
    ] {
        let site = Site::start([ACCEPT]);
        let at_port = |text: &str| text.replace("{port}", &site.port.to_string());
        run_connection(Driver::Threaded, at_port(url), |_| {}).expect_open();
        let expected = at_port(host);
        assert_eq!(site.finish_one().get("Host"), Some(&*expected), "{url}");
    }
}

/// The loopback interface is the first one of every system. At an address that is not link-local, a zone may be a number, but not
/// a name.
#[test]
fn an_ipv6_host_has_brackets_and_no_zone() {
    let listener = TcpListener::bind("[::1]:0").expect("IPv6 on the loopback interface");
    for url in [
        "ws://[::1]:{port}/",
        "ws://[0:0::0:1]:{port}/",
        "ws://[::1%251]:{port}/",
        "ws://user:password@[::1%251]:{port}/",
    ] {
        let site = Site::on(listener.try_clone().expect("a second handle"), false, [ACCEPT]);
        run_connection(Driver::Threaded, url.replace("{port}", &site.port.to_string()), |_| {}).expect_open();
        let expected = format!("[::1]:{}", site.port);
        assert_eq!(site.finish_one().get("Host"), Some(&*expected), "{url}");
        listener.set_nonblocking(false).expect("a listener");
    }
}

/// The proxy replaces servers at ports that a test cannot use.
#[test]
fn the_schemes_own_port_is_left_out_of_the_host_header() {
    for (url, connect, host) in [
        ("ws://game.test", "CONNECT game.test:80 HTTP/1.1", "game.test"),
        ("ws://game.test:80/", "CONNECT game.test:80 HTTP/1.1", "game.test"),
        ("ws://game.test:443/", "CONNECT game.test:443 HTTP/1.1", "game.test:443"),
        ("ws://[2001:db8::1]/", "CONNECT [2001:db8::1]:80 HTTP/1.1", "[2001:db8::1]"),
    ] {
        let site = Site::start([TUNNEL, ACCEPT]);
        let proxy = CString::new(format!("http://127.0.0.1:{}", site.port)).unwrap();
        run_connection(Driver::Threaded, url, |options| options.proxy = proxy.as_ptr()).expect_open();
        let heads = site.finish();
        assert_eq!(heads[0].line, connect, "{url}");
        assert_eq!(heads[1].line, "GET / HTTP/1.1", "{url}");
        assert_eq!(heads[1].get("Host"), Some(host), "{url}");
    }
}
