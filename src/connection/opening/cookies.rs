//! The cookies that the servers of one attempt set, for the host. The library sends none by itself.

use crate::config::Url;
use crate::protocol::http_head::values;

/// The most bytes that are kept.
const MAX_COOKIES: usize = 64 * 1024;

/// The cookies of all responses so far.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    /// In the form of [`ConnectInfo::cookies`](crate::connection::connect_info::ConnectInfo::cookies).
    text: String,
    /// One did not fit. A later one is not kept, even if it would.
    is_full: bool,
}

impl Cookies {
    /// Adds those of the response to a request for `url`.
    pub(super) fn add(&mut self, url: &Url, headers: &str) {
        for cookie in values(headers, "set-cookie") {
            let line = [url.as_str(), " ", cookie, "\n"];
            let len = line.iter().map(|part| part.len()).sum();
            self.is_full |= self.text.len() + len > MAX_COOKIES || self.text.try_reserve(len).is_err();
            if self.is_full {
                return;
            }
            self.text.extend(line);
        }
    }

    /// Takes the cookies.
    pub(super) fn take(&mut self) -> String {
        let mut text = std::mem::take(&mut self.text);
        text.shrink_to_fit();
        text
    }
}
