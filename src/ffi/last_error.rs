//! Why the last refused call of each thread was refused: the text of `egret_ws_last_error_message`.
//!
//! A buffer of fixed size belongs to each thread. So a refusal allocates nothing, there is nothing to free when the thread ends, and a
//! call during that end finds the buffer too.

use crate::text::floor_char_boundary;
use std::cell::Cell;
use std::ffi::c_char;

/// The size of the buffer, with the NUL.
const CAPACITY: usize = 512;

thread_local!(static MESSAGE: [Cell<u8>; CAPACITY] = const { [const { Cell::new(0) }; CAPACITY] });

/// Stores the text for the calling thread. A long text is cut between two characters.
pub(super) fn set(text: &str) {
    let end = floor_char_boundary(text, CAPACITY - 1);
    MESSAGE.with(|message| {
        for (place, byte) in message.iter().zip(&text.as_bytes()[..end]) {
            place.set(if *byte < b' ' { b' ' } else { *byte });
        }
        message[end].set(0);
    });
}

/// Returns the text of the calling thread, with a NUL. The next [`set`] of the thread overwrites it.
pub(super) fn get() -> *const c_char {
    MESSAGE.with(|message| message.as_ptr().cast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn message() -> &'static str {
        // SAFETY: the buffer ends in a NUL, and the tests copy or drop the text before the next change of their thread's buffer.
        unsafe { CStr::from_ptr(get()) }.to_str().unwrap()
    }

    #[test]
    fn each_thread_has_its_text() {
        assert_eq!(message(), "");
        set("one");
        std::thread::spawn(|| {
            assert_eq!(message(), "");
            set("another");
        })
        .join()
        .unwrap();
        assert_eq!(message(), "one");
        set("a longer text");
        set("two");
        assert_eq!(message(), "two");
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        for filler in 0..4 {
            set(&("x".repeat(CAPACITY - 1 - filler) + "€uro"));
            assert_eq!(message().len(), if filler == 3 { CAPACITY - 1 } else { CAPACITY - 1 - filler }, "{filler}");
        }
        set(&"x".repeat(CAPACITY - 1));
        assert_eq!(message().len(), CAPACITY - 1);
    }

    #[test]
    fn control_characters_become_spaces() {
        set("a\nb\0c\td");
        assert_eq!(message(), "a b c d");
    }

    #[test]
    fn the_text_can_be_set_while_the_thread_ends() {
        struct AtEnd;
        impl Drop for AtEnd {
            fn drop(&mut self) {
                set("at the end");
                assert_eq!(message(), "at the end");
            }
        }
        thread_local!(static AT_END: AtEnd = const { AtEnd });
        std::thread::spawn(|| AT_END.with(|_| set("before"))).join().unwrap();
    }
}
