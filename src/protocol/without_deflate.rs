//! Replaces `deflate` if its Cargo feature is off. Nothing is offered, so nothing is negotiated or compressed. These types have
//! no values, so the compiler removes all code that would use them.
#![allow(missing_docs, reason = "as in `deflate`")]

use std::collections::TryReserveError;
use std::convert::Infallible;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer(Infallible);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement(Infallible);

#[derive(Debug)]
pub struct Inflater(Infallible);

#[derive(Debug)]
pub struct Deflater(Infallible);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    TooBig,
    NoMemory,
    Broken,
}

impl fmt::Display for Offer {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl Offer {
    pub fn read_response<'a>(&self, _: impl Iterator<Item = &'a [u8]>) -> Result<Option<Agreement>, &'static str> {
        match self.0 {}
    }
}

impl Inflater {
    pub fn new(agreement: &Agreement) -> Inflater {
        match agreement.0 {}
    }

    pub fn feed(&mut self, _: &[u8], _: &mut Vec<u8>, _: usize) -> Result<(), InflateError> {
        match self.0 {}
    }

    pub fn finish(&mut self) -> Result<(), InflateError> {
        match self.0 {}
    }
}

impl Deflater {
    pub fn new(offer: &Offer, _: &Agreement) -> Deflater {
        match offer.0 {}
    }

    pub fn deflate(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<bool, TryReserveError> {
        match self.0 {}
    }
}
