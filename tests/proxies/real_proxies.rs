//! Proxies of other projects, with and without a password, for ws and wss.

use crate::exchange::{echoes, fails, open, open_with, went_through};
use crate::proxy_process::ProxyProcess;
use crate::servers::{closed_port, tls_echo_port};
use ::egret_ws::*;
use test_support::certificates::RIGHT;
use test_support::client::on_both_drivers;
use test_support::echo_server::echo_port;
use test_support::response;

fn tinyproxy(directives: &str) -> ProxyProcess {
    let configuration = format!("Listen 127.0.0.1\nPort PORT\nTimeout 20\nLogLevel Critical\n{directives}\n");
    ProxyProcess::start(&["tinyproxy", "-d", "-c", "FILE"], &configuration)
}

fn ncat(arguments: &[&str]) -> ProxyProcess {
    let command = ["ncat", "--listen", "127.0.0.1", "PORT", "--proxy-type", "http"];
    ProxyProcess::start(&[&command, arguments].concat(), "")
}

fn microsocks(arguments: &[&str]) -> ProxyProcess {
    ProxyProcess::start(&[&["microsocks", "-i", "127.0.0.1", "-p", "PORT"], arguments].concat(), "")
}

/// Starts dante. `rules` come before the rule that allows everything.
fn dante(method: &str, rules: &str) -> ProxyProcess {
    let configuration = format!(
        "logoutput: stderr\ninternal: 127.0.0.1 port = PORT\nexternal: 127.0.0.1\n\
         clientmethod: none\nsocksmethod: {method}\nclient pass {{ from: 0/0 to: 0/0 }}\n\
         {rules}\nsocks pass {{ from: 0/0 to: 0/0 }}\n"
    );
    ProxyProcess::start(&["danted", "-f", "FILE"], &configuration)
}

/// Checks that every way to name an echo server on this machine works through the proxy.
#[track_caller]
fn carries(proxy: &ProxyProcess, scheme: &str, credentials: &str) {
    let proxy_url = format!("{scheme}://{credentials}127.0.0.1:{}", proxy.port());
    for (name, port) in [("ws", echo_port()), ("wss", tls_echo_port())] {
        for host in ["127.0.0.1", "localhost"] {
            let url = format!("{name}://{host}:{port}/");
            println!("{url} through {proxy_url}");
            on_both_drivers(|host| {
                let socket = open(host, &url, &proxy_url);
                echoes(&socket);
                went_through(&socket, proxy.port());
                assert_eq!(socket.stats().tls_version != 0, name == "wss");
            });
        }
    }
}

/// The proxy refuses to connect to `port`. See [`test_support::recorder::CloseReport::expect_refusal`].
#[track_caller]
fn refuses(proxy: &ProxyProcess, scheme: &str, credentials: &str, port: u16, http_status: i32, reasons: &[&str]) {
    for name in ["ws", "wss"] {
        on_both_drivers(|host| {
            let proxy_url = format!("{scheme}://{credentials}127.0.0.1:{}", proxy.port());
            println!("{name} through {proxy_url}");
            let socket = open(host, &format!("{name}://127.0.0.1:{port}/"), &proxy_url);
            fails(&socket).expect_proxy_refusal(http_status, reasons);
            let stats = socket.stats();
            let of_the_server = (stats.tls_us, stats.handshake_us, stats.http_status);
            assert_eq!(of_the_server, (0, 0, 0), "the server was not reached");
        });
    }
}

#[test]
fn tinyproxy_connects() {
    carries(&tinyproxy(""), "http", "");
    carries(&tinyproxy("BasicAuth user secret"), "http", "user:secret@");
}

#[test]
fn tinyproxy_checks_the_password() {
    let proxy = tinyproxy("BasicAuth user secret");
    let reason = "407 Proxy Authentication Required (Basic)";
    refuses(&proxy, "http", "", echo_port(), 407, &["requires a user name and a password", reason]);
    for credentials in ["user:wrong@", "user@", "other:secret@"] {
        // tinyproxy does not answer with 407, which RFC 9110 section 11.7 requires.
        let reason = ["did not accept the user name and password", "401 Unauthorized"];
        refuses(&proxy, "http", credentials, echo_port(), 401, &reason);
    }
}

#[test]
fn tinyproxy_forbids_a_port() {
    let proxy = tinyproxy("ConnectPort 443");
    refuses(&proxy, "http", "", echo_port(), 403, &["allows no connection", "403"]);
}

#[test]
fn the_page_of_tinyproxy_can_be_read() {
    let proxy = tinyproxy("ConnectPort 443");
    on_both_drivers(|host| {
        let proxy_url = format!("http://127.0.0.1:{}", proxy.port());
        let socket = open(host, &format!("ws://127.0.0.1:{}/", echo_port()), &proxy_url);
        fails(&socket).expect_proxy_refusal(403, &["allows no connection"]);
        let page = String::from_utf8(response::response_body(socket.handle())).expect("UTF-8");
        assert!(page.contains("<title>403 ") && page.trim_end().ends_with("</html>"), "{page}");
        assert!(socket.response_headers().contains("Content-Type: text/html\n"), "{}", socket.response_headers());
    });
}

#[test]
fn tinyproxy_cannot_reach_the_server() {
    refuses(&tinyproxy(""), "http", "", closed_port(), 500, &["made no connection", "500 Unable to connect"]);
}

#[test]
fn ncat_connects() {
    carries(&ncat(&[]), "http", "");
    carries(&ncat(&["--proxy-auth", "user:secret"]), "http", "user:secret@");
}

#[test]
fn ncat_checks_the_password() {
    let proxy = ncat(&["--proxy-auth", "user:secret"]);
    let reason = "407 Proxy Authentication Required (Basic, Digest)";
    refuses(&proxy, "http", "", echo_port(), 407, &["requires a user name and a password", reason]);
    refuses(&proxy, "http", "other:secret@", echo_port(), 407, &["did not accept the user name and password", reason]);
}

#[test]
fn ncat_cannot_reach_the_server() {
    refuses(&ncat(&[]), "http", "", closed_port(), 504, &["could not reach", "504 Gateway Timeout"]);
}

/// Starts stunnel, which accepts TLS and forwards its content to the port of a proxy.
pub fn stunnel(proxy: u16) -> ProxyProcess {
    let configuration = format!(
        "foreground = yes\npid =\n[proxy]\naccept = 127.0.0.1:PORT\nconnect = 127.0.0.1:{proxy}\ncert = {}\nkey = {}\n",
        RIGHT.chain().display(),
        RIGHT.key().display()
    );
    ProxyProcess::start(&["stunnel", "FILE"], &configuration)
}

/// Like [`stunnel`], with HAProxy. `parameters` belong to its `bind` line.
fn haproxy(proxy: &ProxyProcess, parameters: &str) -> ProxyProcess {
    let configuration = format!(
        "defaults\nmode tcp\ntimeout connect 10s\ntimeout client 10s\ntimeout server 10s\n\
         frontend tls\nbind 127.0.0.1:PORT ssl crt {} {parameters}\ndefault_backend proxy\n\
         backend proxy\nserver proxy 127.0.0.1:{}\n",
        RIGHT.chain_and_key().display(),
        proxy.port()
    );
    ProxyProcess::start(&["haproxy", "-db", "-f", "FILE"], &configuration)
}

#[test]
fn tinyproxy_connects_through_the_tls_of_stunnel() {
    let proxy = tinyproxy("BasicAuth user secret");
    let secure = stunnel(proxy.port());
    carries(&secure, "https", "user:secret@");
    refuses(&secure, "https", "", echo_port(), 407, &["requires a user name and a password", "407"]);
    refuses(&secure, "https", "user:wrong@", echo_port(), 401, &["did not accept the user name and password"]);
}

#[test]
fn ncat_connects_through_the_tls_of_haproxy() {
    let proxy = ncat(&[]);
    for version in ["force-tlsv12", "force-tlsv13 alpn http/1.1"] {
        carries(&haproxy(&proxy, version), "https", "");
    }
    refuses(&haproxy(&proxy, ""), "https", "", closed_port(), 504, &["could not reach", "504 Gateway Timeout"]);
}

#[test]
fn microsocks_connects() {
    carries(&microsocks(&[]), "socks5", "");
    carries(&microsocks(&["-u", "user", "-P", "secret"]), "socks5", "user:secret@");
    carries(&microsocks(&["-u", "us er", "-P", "pä:ss@word"]), "socks5", "us%20er:p%C3%A4%3Ass%40word@");
}

#[test]
fn microsocks_checks_the_password() {
    let proxy = microsocks(&["-u", "user", "-P", "secret"]);
    refuses(&proxy, "socks5", "", echo_port(), 0, &["requires authentication"]);
    refuses(&proxy, "socks5", "user:wrong@", echo_port(), 0, &["did not accept the user name and password"]);
}

#[test]
fn microsocks_cannot_reach_the_server() {
    refuses(&microsocks(&[]), "socks5", "", closed_port(), 0, &["the host refused the connection"]);
}

#[test]
fn dante_connects() {
    carries(&dante("none", ""), "socks5", "");
    // It may ignore a password that it did not request.
    carries(&dante("none", ""), "socks5", "user:secret@");
}

#[test]
fn dante_refuses_without_its_password() {
    let proxy = dante("username", "");
    refuses(&proxy, "socks5", "", echo_port(), 0, &["requires authentication"]);
    refuses(&proxy, "socks5", "unknown:wrong@", echo_port(), 0, &["did not accept the user name and password"]);
}

#[test]
fn dante_cannot_reach_the_server() {
    refuses(&dante("none", ""), "socks5", "", closed_port(), 0, &["the host refused the connection"]);
}

#[test]
fn dante_forbids_a_host() {
    let proxy = dante("none", "socks block { from: 0/0 to: 127.0.0.1/32 }");
    refuses(&proxy, "socks5", "", echo_port(), 0, &["its rules do not allow it"]);
}

#[test]
fn the_certificate_is_checked_through_a_proxy() {
    let proxy = tinyproxy("");
    on_both_drivers(|host| {
        let url = format!("wss://127.0.0.1:{}/", tls_echo_port());
        let proxy_url = format!("http://127.0.0.1:{}", proxy.port());
        let socket = open_with(host, &url, &proxy_url, |options| options.tls_server_name = c"other.test".as_ptr());
        let report = fails(&socket);
        report.expect(EGRET_WS_ERR_TLS_HOST, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!(socket.stats().handshake_us, 0, "the server was asked nevertheless");
    });
}
