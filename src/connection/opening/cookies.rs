//! The cookies that the servers of one attempt set. They are for the host. The library itself sends no cookies.

use crate::config::Url;
use crate::protocol::http_head::values;

/// The largest size of all kept cookies, in bytes.
const MAX_COOKIES: usize = 64 * 1024;

/// The cookies of all responses so far.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    /// The cookies, in the form of [`ConnectInfo::cookies`](crate::connection::connect_info::ConnectInfo::cookies).
    text: String,
    /// A cookie did not fit. Later ones are not kept, even if they would fit.
    is_full: bool,
}

impl Cookies {
    /// Adds the cookies of the response to a request for `url`.
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
