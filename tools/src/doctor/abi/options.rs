//! The settings of the command line as `egret_ws_options`.

use super::events::Events;
use super::{Refused, c_string, check};
use crate::settings::Settings;
use ::egret_ws::*;
use std::ffi::{CString, c_char};
use std::rc::Rc;

/// The texts of the settings, as C strings.
pub struct Texts {
    headers: Vec<egret_ws_header>,
    /// The texts that `headers` points to.
    _header_texts: Vec<CString>,
    roots: Vec<u8>,
    identity: Vec<u8>,
    texts: Vec<(Field, CString)>,
}

/// Sets a text of the options.
type Field = fn(&mut egret_ws_options, *const c_char);

impl Texts {
    pub fn new(settings: &Settings) -> Result<Texts, Refused> {
        let mut texts = Texts {
            headers: vec![],
            _header_texts: vec![],
            roots: settings.roots.clone(),
            identity: settings.identity.clone(),
            texts: vec![],
        };
        for (name, value) in &settings.headers {
            let (name, value) = (c_string(name)?, c_string(value)?);
            texts.headers.push(egret_ws_header { name: name.as_ptr(), value: value.as_ptr() });
            texts._header_texts.extend([name, value]); // this does not move the texts
        }
        texts.add_list(&settings.subprotocols, |options, text| options.subprotocols = text)?;
        texts.add_list(&settings.pins, |options, text| options.tls_pins = text)?;
        texts.add_list(&settings.addresses, |options, text| options.addresses = text)?;
        let named: [(&Option<String>, Field); 7] = [
            (&settings.proxy, |options, text| options.proxy = text),
            (&settings.origin, |options, text| options.origin = text),
            (&settings.user_agent, |options, text| options.user_agent = text),
            (&settings.server_name, |options, text| options.tls_server_name = text),
            (&settings.local_address, |options, text| options.local_address = text),
            (&settings.interface, |options, text| options.local_interface = text),
            (&settings.identity_password, |options, text| options.tls_identity_password = text),
        ];
        for (text, field) in named {
            if let Some(text) = text {
                texts.texts.push((field, c_string(text)?));
            }
        }
        Ok(texts)
    }

    fn add_list(&mut self, items: &[String], field: Field) -> Result<(), Refused> {
        if !items.is_empty() {
            self.texts.push((field, c_string(&items.join(","))?));
        }
        Ok(())
    }

    /// Makes the options. They borrow these texts, and contain a reference to the events, which `release_user` drops.
    pub fn options(&self, settings: &Settings, events: &Rc<Events>) -> Result<egret_ws_options, Refused> {
        // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
        let mut options: egret_ws_options = unsafe { std::mem::zeroed() };
        // SAFETY: `options` is writable, and its size is passed.
        check(unsafe { egret_ws_options_init(&mut options, size_of_val(&options)) })?;
        for (field, text) in &self.texts {
            field(&mut options, text.as_ptr());
        }
        (options.headers, options.header_count) = (self.headers.as_ptr(), self.headers.len() as u32);
        if !self.roots.is_empty() {
            (options.tls_roots, options.tls_roots_len) = (self.roots.as_ptr().cast(), self.roots.len());
        }
        if !self.identity.is_empty() {
            (options.tls_identity, options.tls_identity_len) = (self.identity.as_ptr(), self.identity.len());
        }
        for (is_set, flag) in [
            (settings.only_roots, EGRET_WS_ONLY_THESE_ROOTS),
            (settings.accepts_any_certificate, EGRET_WS_ACCEPT_ANY_CERTIFICATE),
            (settings.proxy_from_environment, EGRET_WS_PROXY_FROM_ENVIRONMENT),
            (settings.no_deflate, EGRET_WS_DISABLE_DEFLATE),
        ] {
            options.flags |= if is_set { flag } else { 0 };
        }
        let stage = settings.timeout.as_millis() as u32;
        options.connect_timeout_ms = stage;
        options.proxy_timeout_ms = stage;
        options.tls_timeout_ms = stage;
        options.handshake_timeout_ms = stage;
        options.close_timeout_ms = stage;
        options.flush_timeout_ms = stage;
        options.open_timeout_ms = EGRET_WS_UNLIMITED; // each stage has its own limit
        options.max_redirects = settings.redirects;
        options.pong_timeout_ms = stage;
        Events::listen(events, &mut options, settings.traces_frames);
        Ok(options)
    }
}
