//! Replaces `system_trust` on systems where OpenSSL itself checks certificates. [`SystemTrust`] has no value, so the compiler
//! removes all code that would use one.

use super::verify::Refusal;
use crate::transport::tls::pins::Pin;
use crate::transport::tls::settings::Settings;
use ::openssl::error::ErrorStack;
use ::openssl::ssl::{SslContextBuilder, SslRef};

#[derive(Clone)]
pub enum SystemTrust {}

impl SystemTrust {
    pub(super) fn of(_: &Settings, _: &[Vec<u8>]) -> Result<Option<SystemTrust>, String> {
        Ok(None)
    }

    pub(super) fn prepare(&self, _: &mut SslContextBuilder) {
        match *self {}
    }

    pub(super) fn set_rules(&self, _: &mut SslRef, _: &str, _: &[Pin], _: &Refusal) -> Result<(), ErrorStack> {
        match *self {}
    }
}
