//! Proxies from the environment. The environment belongs to the process, so each case runs in a separate process.

use crate::exchange::echoes;
use crate::real_proxies::stunnel;
use crate::scripted_proxy::Relay;
use crate::servers::tls_echo_port;
use ::egret_ws::*;
use std::env;
use std::ffi::CString;
use std::process::Command;
use std::ptr;
use test_support::certificates::ROOT;
use test_support::client::on_both_drivers;
use test_support::echo_server::echo_port;

/// All variables that select a proxy, or hosts without a proxy.
const VARIABLES: [&str; 8] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// These variables are for the second process: the URL, the option `proxy` and the flags.
const URL: &str = "EGRET_WS_TEST_URL";
const PROXY: &str = "EGRET_WS_TEST_PROXY";
const FLAGS: &str = "EGRET_WS_TEST_FLAGS";

/// In the second process: connects as these variables require, once with each driver, and prints the outcome. Returns false in
/// the first process.
fn is_second_process() -> bool {
    let Ok(url) = env::var(URL) else { return false };
    let proxy = env::var(PROXY).ok().map(|proxy| CString::new(proxy).expect("no NUL"));
    let flags: u32 = env::var(FLAGS).expect("flags").parse().expect("a number");
    on_both_drivers(|host| {
        let socket = host.open_url(&url, |options| {
            // This test checks the route of the connection, not the certificates.
            options.flags = flags | EGRET_WS_ACCEPT_ANY_CERTIFICATE;
            options.proxy = proxy.as_ref().map_or(ptr::null(), |proxy| proxy.as_ptr());
        });
        match socket {
            Ok(socket) => {
                echoes(&socket);
                println!("\noutcome: echoed");
            }
            Err(error) => println!("\noutcome: {} {:?}", error, host.take_log()),
        }
    });
    true
}

/// Two proxies, which a case calls `ONE` and `TWO`. `WSS` and `WS` are the ports of the echo servers.
struct TwoProxies {
    test: &'static str,
    one: Relay,
    two: Relay,
}

impl TwoProxies {
    fn new(test: &'static str) -> TwoProxies {
        TwoProxies { test, one: Relay::start(), two: Relay::start() }
    }

    fn fill_in(&self, text: &str) -> String {
        let address = |relay: &Relay| format!("127.0.0.1:{}", relay.port());
        text.replace("ONE", &address(&self.one))
            .replace("TWO", &address(&self.two))
            .replace("WSS", &tls_echo_port().to_string())
            .replace("WS", &echo_port().to_string())
    }

    /// Connects in a process with `environment`, a list of `name=value` with spaces between them. Returns the two outcomes.
    #[track_caller]
    fn run(&self, environment: &str, flags: u32, proxy: Option<&str>, url: &str) -> Vec<String> {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.args(["--exact", self.test, "--nocapture"]).env(URL, self.fill_in(url)).env(FLAGS, flags.to_string());
        for name in VARIABLES {
            command.env_remove(name);
        }
        for variable in environment.split_whitespace() {
            let (name, value) = variable.split_once('=').expect("name=value");
            command.env(name, self.fill_in(value));
        }
        if let Some(proxy) = proxy {
            command.env(PROXY, self.fill_in(proxy));
        }
        let output = command.output().expect("this program runs again");
        let printed = String::from_utf8_lossy(&output.stdout);
        println!("{environment} {url}\n{printed}{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && printed.contains("1 passed"), "{} failed in its own process", self.test);
        printed.lines().filter_map(|line| line.strip_prefix("outcome: ")).map(str::to_owned).collect()
    }

    /// Checks that the connection echoes, and that it has used the proxy in `asked`: `one` or `two`, and the request to it.
    /// Empty: no proxy.
    #[track_caller]
    fn connects(&self, environment: &str, flags: u32, proxy: Option<&str>, url: &str, asked: &str) {
        assert_eq!(self.run(environment, flags, proxy, url), ["echoed", "echoed"]);
        let [one, two] = [("one", &self.one), ("two", &self.two)]
            .map(|(name, relay)| relay.take_asked().into_iter().map(move |what| format!("{name} {what}")));
        let drivers = if asked.is_empty() { 0 } else { 2 };
        assert_eq!(one.chain(two).collect::<Vec<_>>(), vec![self.fill_in(asked); drivers], "{environment} {url}");
    }

    /// Like [`TwoProxies::connects`], but only the environment decides.
    #[track_caller]
    fn connects_by_environment(&self, environment: &str, url: &str, asked: &str) {
        self.connects(environment, EGRET_WS_PROXY_FROM_ENVIRONMENT, None, url, asked);
    }

    /// Checks that the connect call fails with `error`. The only line of its log contains `shown` and does not contain `hidden`.
    #[track_caller]
    fn refuses(&self, environment: &str, error: i32, shown: &str, hidden: &str) {
        let outcomes = self.run(environment, EGRET_WS_PROXY_FROM_ENVIRONMENT, None, "ws://echo.test:WS/");
        assert_eq!(outcomes.len(), 2);
        for outcome in outcomes {
            assert!(outcome.starts_with(&format!("{error} [")) && outcome.contains(shown), "{outcome}");
            assert!(!outcome.contains(hidden), "{outcome}");
        }
    }
}

#[test]
fn each_scheme_has_its_variable() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::each_scheme_has_its_variable");
    let both = "http_proxy=http://ONE https_proxy=http://TWO";
    proxies.connects_by_environment(both, "ws://echo.test:WS/", "one CONNECT echo.test:WS");
    proxies.connects_by_environment(both, "wss://echo.test:WSS/", "two CONNECT echo.test:WSS");
    proxies.connects_by_environment("HTTPS_PROXY=socks5://TWO", "wss://echo.test:WSS/", "two SOCKS \"echo.test\":WSS");
    proxies.connects_by_environment("HTTP_PROXY=ONE", "ws://echo.test:WS/", "one CONNECT echo.test:WS");
}

#[test]
fn all_proxy_is_used_without_the_variable_of_the_scheme() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::all_proxy_is_used_without_the_variable_of_the_scheme");
    proxies.connects_by_environment("all_proxy=socks5://ONE", "ws://echo.test:WS/", "one SOCKS \"echo.test\":WS");
    proxies.connects_by_environment("ALL_PROXY=socks5h://ONE", "wss://echo.test:WSS/", "one SOCKS \"echo.test\":WSS");
    let both = "http_proxy=http://ONE all_proxy=socks5://TWO";
    proxies.connects_by_environment(both, "ws://echo.test:WS/", "one CONNECT echo.test:WS");
    proxies.connects_by_environment(both, "wss://echo.test:WSS/", "two SOCKS \"echo.test\":WSS");
}

#[test]
fn lower_case_variables_win_and_empty_ones_are_ignored() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::lower_case_variables_win_and_empty_ones_are_ignored");
    proxies.connects_by_environment(
        "http_proxy=http://ONE HTTP_PROXY=http://TWO",
        "ws://echo.test:WS/",
        "one CONNECT echo.test:WS",
    );
    proxies.connects_by_environment(
        "http_proxy= HTTP_PROXY= all_proxy=http://TWO",
        "ws://echo.test:WS/",
        "two CONNECT echo.test:WS",
    );
}

/// `SSL_CERT_FILE` replaces the roots of the system. The flag that accepts any certificate is only for the server.
#[test]
fn a_proxy_of_the_environment_can_have_tls() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::a_proxy_of_the_environment_can_have_tls");
    let secure = stunnel(proxies.one.port());
    for (variable, url) in [("https_proxy", "wss://echo.test:WSS/"), ("http_proxy", "ws://echo.test:WS/")] {
        let proxy = format!("{variable}=https://user:secret@127.0.0.1:{}", secure.port());
        let roots = format!("SSL_CERT_FILE={}", ROOT.chain().display());
        let asked = url.split("//").nth(1).expect("a host").trim_end_matches('/');
        let asked = format!("one CONNECT {asked} and Basic dXNlcjpzZWNyZXQ=");
        proxies.connects_by_environment(&format!("{proxy} {roots}"), url, &asked);
    }
}

#[test]
fn a_password_is_sent_to_the_proxy() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::a_password_is_sent_to_the_proxy");
    let asked = "one CONNECT echo.test:WS and Basic dXNlcjpzZWNyZXQ=";
    proxies.connects_by_environment("http_proxy=http://user:secret@ONE", "ws://echo.test:WS/", asked);
}

/// On Linux, `0.0.0.0` leads to this machine, but it is not a loopback address. So without `no_proxy`, a proxy is used for it.
#[test]
fn no_proxy_is_respected() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::no_proxy_is_respected");
    let (plain, secure) = ("ws://0.0.0.0:WS/", "wss://0.0.0.0:WSS/");
    proxies.connects_by_environment("all_proxy=http://ONE", plain, "one CONNECT 0.0.0.0:WS");
    proxies.connects_by_environment("all_proxy=http://ONE no_proxy=echo.test", plain, "one CONNECT 0.0.0.0:WS");
    proxies.connects_by_environment("all_proxy=http://ONE no_proxy=0.0.0.0:1", plain, "one CONNECT 0.0.0.0:WS");
    proxies.connects_by_environment("all_proxy=http://ONE no_proxy=echo.test,0.0.0.0", plain, "");
    proxies.connects_by_environment("all_proxy=http://ONE no_proxy=0.0.0.0:WS", plain, "");
    proxies.connects_by_environment("all_proxy=http://ONE no_proxy=0.0.0.0/8", secure, "");
    proxies.connects_by_environment("all_proxy=http://ONE NO_PROXY=*", secure, "");
}

#[test]
fn loopback_never_uses_a_proxy() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::loopback_never_uses_a_proxy");
    for url in ["ws://127.0.0.1:WS/", "ws://localhost:WS/", "ws://LOCALHOST.:WS/", "wss://127.1:WSS/"] {
        proxies.connects_by_environment("all_proxy=http://ONE", url, "");
    }
}

#[test]
fn without_the_flag_the_environment_is_ignored() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::without_the_flag_the_environment_is_ignored");
    proxies.connects("all_proxy=http://ONE", 0, None, "ws://0.0.0.0:WS/", "");
}

#[test]
fn proxy_option_wins_over_the_environment() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::proxy_option_wins_over_the_environment");
    let flag = EGRET_WS_PROXY_FROM_ENVIRONMENT;
    let environment = "all_proxy=http://ONE no_proxy=*";
    proxies.connects(environment, flag, Some("http://TWO"), "ws://127.0.0.1:WS/", "two CONNECT 127.0.0.1:WS");
    proxies.connects("all_proxy=http://ONE", flag, Some(""), "ws://0.0.0.0:WS/", "");
    // A variable that is not needed may have an invalid value.
    proxies.connects(
        "all_proxy=nonsense://ONE",
        flag,
        Some("http://TWO"),
        "ws://0.0.0.0:WS/",
        "two CONNECT 0.0.0.0:WS",
    );
}

#[test]
fn log_names_an_invalid_variable_without_its_value() {
    if is_second_process() {
        return;
    }
    let proxies = TwoProxies::new("environment::log_names_an_invalid_variable_without_its_value");
    let invalid = EGRET_WS_ERR_INVALID_ARGUMENT;
    proxies.refuses("http_proxy=ftp://user:s3cret@ONE", invalid, "http_proxy", "s3cret");
    proxies.refuses("ALL_PROXY=http://user:s3cret@ONE/path", invalid, "ALL_PROXY", "s3cret");
    proxies.refuses("HTTP_PROXY=https://user:s3cret@ONE:0", invalid, "HTTP_PROXY", "s3cret");
}
