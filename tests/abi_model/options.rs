//! The options of a socket, and the address to which it connects: valid, at a limit, or wrong in one way.

use crate::case::{Case, Place};
use crate::random::Random;
use crate::{callbacks, wrong_options};
use ::egret_ws::*;
use std::ffi::{CString, c_char, c_void};
use std::sync::LazyLock;
use test_support::certificates::{ROOT, UNTRUSTED};

/// The options that the model needs to know.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The largest payload of a message, and the largest number of bytes that may wait to be sent.
    pub cap: usize,
    pub send_limit: usize,
    pub attempts: u32,
    pub floor_ms: u32,
    pub ceiling_ms: u32,
    /// No case lasts until the total time ends the attempts.
    pub has_endless_time: bool,
    pub resends: bool,
    pub is_secure: bool,
    /// Callbacks that are set.
    pub on_connect: bool,
    pub on_message: bool,
    pub on_close: bool,
    pub on_drain: bool,
    pub on_retry: bool,
    pub on_pong: bool,
    /// It does not affect the counts of polls: a socket without it is complete.
    pub on_request: bool,
    /// Like `on_request`.
    pub on_frame: bool,
    pub release_user: bool,
    pub subprotocols: Option<&'static str>,
}

impl Setup {
    pub fn has_all_callbacks(&self) -> bool {
        self.on_connect && self.on_message && self.on_close && self.on_drain && self.on_retry && self.release_user
    }
}

/// Arguments of a connect call. They own the memory that their pointers refer to.
pub struct Draft {
    /// The struct, with room after it for the fields of a newer header.
    buffer: Box<[u64; 1024]>,
    texts: Vec<CString>,
    headers: Vec<egret_ws_header>,
    pub retry: Box<egret_ws_retry_options>,
    pub deflate: Box<egret_ws_deflate_options>,
    pub setup: Setup,
    /// The call must return one of these errors. Empty: the call must succeed.
    pub errors: Vec<i32>,
    /// A description for reports.
    pub words: String,
}

/// The PEM of the authority that signs the server's certificate, and of another one.
static ROOTS: LazyLock<[CString; 2]> =
    LazyLock::new(|| [&*ROOT, &*UNTRUSTED].map(|authority| CString::new(authority.pem()).expect("PEM has no NUL")));

impl Draft {
    pub fn options(&mut self) -> &mut egret_ws_options {
        // SAFETY: the buffer is larger than the struct, aligned for it, and all zeros or made by the library.
        unsafe { &mut *self.buffer.as_mut_ptr().cast::<egret_ws_options>() }
    }

    pub fn pointer(&self) -> *const egret_ws_options {
        self.buffer.as_ptr().cast()
    }

    /// The byte after the struct.
    pub fn byte_behind(&mut self) -> &mut u8 {
        let at = size_of::<egret_ws_options>();
        // SAFETY: the buffer has 8192 bytes, and the struct has less than 4096.
        unsafe { &mut *self.buffer.as_mut_ptr().cast::<u8>().add(at) }
    }

    /// A text that lives as long as the draft.
    pub fn text(&mut self, text: impl Into<Vec<u8>>) -> *const c_char {
        self.texts.push(CString::new(text).expect("no NUL in a drawn text"));
        self.texts.last().expect("it was pushed").as_ptr()
    }

    pub fn header(&mut self, name: &str, value: &[u8]) {
        let header = egret_ws_header { name: self.text(name), value: self.text(value) };
        self.headers.push(header);
        let (list, count) = (self.headers.as_ptr(), self.headers.len());
        let options = self.options();
        (options.headers, options.header_count) = (list, count as u32);
    }

    /// Changes the settings of permessage-deflate. After this they are passed to the call.
    pub fn set_deflate_options(&mut self, change: impl FnOnce(&mut egret_ws_deflate_options)) {
        self.deflate.struct_size = size_of::<egret_ws_deflate_options>() as u32;
        change(&mut self.deflate);
        let deflate: *const _ = &*self.deflate;
        self.options().deflate = deflate;
    }

    /// Returns a description for reports.
    pub fn describe(&self, is_bare: bool, is_outless: bool) -> String {
        let options = if is_bare { "no options".to_owned() } else { format!("{:?}", self.setup) };
        format!("{options}, mistake {:?}, {}", self.words, if is_outless { "NULL" } else { "out" })
    }

    /// Draws options for the socket with this number.
    pub fn draw(case: &Case, random: &mut Random, id: usize, place: &Place) -> Draft {
        let setup = setup(random, case.is_complete, place);
        let mut draft = Draft {
            buffer: Box::new([0; 1024]),
            texts: Vec::new(),
            headers: Vec::new(),
            // SAFETY: C structs of numbers may be all zeros.
            retry: unsafe { Box::new(std::mem::zeroed()) },
            // SAFETY: as above.
            deflate: unsafe { Box::new(std::mem::zeroed()) },
            words: String::new(),
            errors: Vec::new(),
            setup,
        };
        let made = case.plain("egret_ws_options_init", || {
            // SAFETY: the buffer is writable, and at least as large as the struct.
            unsafe { egret_ws_options_init(draft.options(), size_of::<egret_ws_options>()) }
        });
        crate::trace::promise!(made == 0, "egret_ws_options_init failed with {made}");
        draft.set_callbacks(id);
        draft.header("X-Socket", id.to_string().as_bytes());
        draft.set_limits(random);
        draft.set_request(random);
        draft.set_tls(random);
        draft.set_deflate(random);
        if cfg!(feature = "proxies") && random.one_in(12) {
            let port = case.server.port;
            let proxies = ["".to_owned(), format!("http://127.0.0.1:{port}"), format!("socks5://127.0.0.1:{port}")];
            draft.options().proxy = draft.text(proxies[random.below(3)].as_str());
        }
        if random.one_in(5) {
            wrong_options::make(&mut draft, random);
        }
        draft
    }

    fn set_callbacks(&mut self, id: usize) {
        let setup = self.setup.clone();
        let options = self.options();
        options.user = id as *mut c_void;
        options.on_connect = setup.on_connect.then_some(callbacks::on_connect);
        options.on_message = setup.on_message.then_some(callbacks::on_message);
        options.on_close = setup.on_close.then_some(callbacks::on_close);
        options.on_drain = setup.on_drain.then_some(callbacks::on_drain);
        options.on_retry = setup.on_retry.then_some(callbacks::on_retry);
        options.on_pong = setup.on_pong.then_some(callbacks::on_pong);
        options.on_request = setup.on_request.then_some(callbacks::on_request);
        options.on_frame = setup.on_frame.then_some(callbacks::on_frame);
        options.release_user = setup.release_user.then_some(callbacks::release_user);
    }

    fn set_limits(&mut self, random: &mut Random) {
        let total_ms = random.pick(&[0, 0, 200, EGRET_WS_UNLIMITED]);
        self.setup.has_endless_time = total_ms != 200;
        let setup = self.setup.clone();
        let options = self.options();
        options.max_message_bytes = setup.cap as u32;
        options.max_send_buffer_bytes = setup.send_limit as u32;
        options.max_receive_queue_bytes = random.pick(&[0, 0, 1, 1000, 65536, i32::MAX as u32]);
        options.connect_timeout_ms = random.pick(&[0, 200, 1000]);
        options.resolve_timeout_ms = random.pick(&[0, 0, 500]);
        options.handshake_timeout_ms = random.pick(&[500, 30, 2000]);
        options.tls_timeout_ms = random.pick(&[1000, 2000, 20]);
        options.proxy_timeout_ms = random.pick(&[500, 1000]);
        options.open_timeout_ms = random.pick(&[0, 1500, 100]);
        // At its end, a case waits for the flushes and the closing handshakes, so these times are short.
        options.flush_timeout_ms = random.pick(&[1, 20, 100, 300, EGRET_WS_AT_ONCE]);
        options.close_timeout_ms = random.pick(&[1, 20, 100, 300, EGRET_WS_AT_ONCE]);
        options.ping_interval_ms = random.pick(&[0, 0, 1, 20, u32::MAX]);
        options.pong_timeout_ms = random.pick(&[0, 0, 1, 300, u32::MAX]);
        options.probe_timeout_ms = random.pick(&[0, 1, 100, u32::MAX]);
        options.retry_attempts = setup.attempts;
        options.flags = if setup.resends { EGRET_WS_RESEND } else { 0 };
        *self.retry = egret_ws_retry_options {
            struct_size: size_of::<egret_ws_retry_options>() as u32,
            min_wait_ms: setup.floor_ms,
            first_wait_ms: setup.floor_ms + 5,
            max_wait_ms: setup.ceiling_ms,
            total_ms,
        };
        let retry: *const _ = &*self.retry;
        self.options().retry = retry;
    }

    fn set_request(&mut self, random: &mut Random) {
        self.options().max_redirects = random.pick(&[0, 0, 1, 3, 20]);
        if let Some(list) = self.setup.subprotocols {
            self.options().subprotocols = self.text(list);
        }
        if random.one_in(6) {
            self.options().origin = self.text("https://example.com");
        }
        if random.one_in(6) {
            self.options().user_agent = self.text(random.pick(&["", "fuzz/1"]));
        }
        if random.one_in(8) {
            self.options().username = self.text(random.pick(&["", "user", "us\u{e9}r"]));
            if random.one_in(2) {
                self.options().password = self.text("pa:ss");
            }
        }
        for _ in 0..random.below(3) {
            self.header("X-More", random.pick(&[&b""[..], b"a b", b"\tx", "ü".as_bytes()]));
        }
    }

    fn set_tls(&mut self, random: &mut Random) {
        if !self.setup.is_secure {
            return;
        }
        let roots = &ROOTS[usize::from(random.one_in(6))];
        match random.below(3) {
            0 => self.options().flags |= EGRET_WS_ACCEPT_ANY_CERTIFICATE,
            1 => {
                let options = self.options();
                (options.tls_roots, options.tls_roots_len) = (roots.as_ptr(), roots.as_bytes().len());
                options.flags |= EGRET_WS_ONLY_THESE_ROOTS;
            }
            _ => {
                let options = self.options();
                (options.tls_roots, options.tls_roots_len) = (roots.as_ptr(), EGRET_WS_NUL_TERMINATED);
                options.flags |= EGRET_WS_ONLY_THESE_ROOTS;
            }
        }
        self.options().tls_min_version = random.pick(&[0, EGRET_WS_TLS_1_2, EGRET_WS_TLS_1_3]);
        if random.one_in(6) {
            self.options().tls_server_name = self.text(random.pick(&["localhost", "other.example", "127.0.0.1"]));
        }
        if random.one_in(10) {
            self.options().tls_pins = self.text("sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        }
    }

    fn set_deflate(&mut self, random: &mut Random) {
        let wants = random.one_in(2) && cfg!(feature = "deflate");
        let options = self.options();
        if !wants {
            options.flags |= EGRET_WS_DISABLE_DEFLATE;
            return;
        }
        *self.deflate = egret_ws_deflate_options {
            struct_size: size_of::<egret_ws_deflate_options>() as u32,
            level: random.pick(&[0, 1, 9]),
            threshold_bytes: random.pick(&[0, 1, 64, EGRET_WS_AT_ONCE, EGRET_WS_UNLIMITED]),
            client_window_bits: random.pick(&[0, 9, 15]),
            server_window_bits: random.pick(&[0, 0, 9, 15]),
            client_no_context_takeover: random.pick(&[0, 0, 1]),
            server_no_context_takeover: random.pick(&[0, 0, 0, 1]),
        };
        let deflate: *const _ = &*self.deflate;
        self.options().deflate = deflate;
    }
}

fn setup(random: &mut Random, is_complete: bool, place: &Place) -> Setup {
    const LARGEST: usize = EGRET_WS_MAX_MESSAGE_BYTES as usize;
    let cap = random.pick(&[LARGEST, LARGEST, 5000, 126, 24, 1]);
    let send_limit = random.pick(&[1 << 20, cap + 14, cap + 1000, 1 << 16]).max(cap + 14);
    let mut is_set = || is_complete || !random.one_in(8);
    let [on_connect, on_message, on_close, on_drain, on_retry, on_pong, release_user] =
        std::array::from_fn(|_| is_set());
    let (on_request, on_frame) = (random.one_in(3), random.one_in(4));
    let floor_ms = random.pick(&[1, 10]);
    Setup {
        cap,
        send_limit,
        attempts: random.pick(&[0, 0, 1, 3, u32::MAX]),
        floor_ms,
        ceiling_ms: floor_ms + random.pick(&[5, 50]),
        has_endless_time: false,
        resends: random.one_in(2),
        is_secure: place.is_secure,
        on_connect,
        on_message,
        on_close,
        on_drain,
        on_retry,
        on_pong,
        on_request,
        on_frame,
        release_user,
        subprotocols: random.pick(&[None, None, None, Some("chat"), Some("one, two")]),
    }
}
