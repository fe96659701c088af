//! Panics are faults of this library. They are caught before they reach the host, and their text is written to the host's log.
//!
//! A caught panic has its message, but only a panic hook receives the source line. The panic hook of the process may belong to
//! the host (a host in Rust shares it with the library). So our hook stores the message and the place for its own thread, then
//! calls the previous hook. If the host sets its own hook after the first loop was made, the log has the message without the
//! place.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked {
    message: String,
    /// File, line and column.
    place: Option<String>,
}

/// The text of a log line.
impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Panicked { message, place } = self;
        let place = place.as_deref().unwrap_or("an unknown place");
        write!(f, "a panic was caught: {message} (at {place})")
    }
}

thread_local!(static LAST: RefCell<Option<Panicked>> = const { RefCell::new(None) });

/// Installs the hook that stores the place of each panic.
pub fn watch() {
    static ONCE: Once = Once::new();
    // The hook cannot be changed while this thread unwinds. When the next loop is made, it is installed.
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            note(info);
            before(info);
        }));
    });
}

/// Stores a panic. It must not panic itself, even in a thread that is about to end.
fn note(info: &PanicHookInfo<'_>) {
    let panicked = Panicked { message: text(info.payload()), place: info.location().map(ToString::to_string) };
    let _ = LAST.try_with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            *last = Some(panicked);
        }
    });
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("(without a message)").to_owned()
}

/// Runs the body and catches its panic. The caller logs the panic once.
///
/// A panic may leave state half changed. The caller must discard all such state: it ends the connection, the engine or the loop.
/// Other state is protected by locks that do not poison, and is changed by single assignments.
#[inline]
pub fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Box<Panicked>> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| caught(&*payload))
}

#[cold]
#[inline(never)]
fn caught(payload: &(dyn Any + Send)) -> Box<Panicked> {
    let message = text(payload);
    // A stored panic with another message is an earlier one. Then this panic did not run the hook.
    let noted = LAST.try_with(|last| last.take()).ok().flatten().filter(|noted| noted.message == message);
    Box::new(noted.unwrap_or(Panicked { message, place: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caught_panics_have_their_message_and_place() {
        watch();
        watch();
        let line = line!() + 1;
        let panicked = catch(|| panic!("number {}", 1 + 1)).unwrap_err();
        assert_eq!(panicked.message, "number 2");
        assert!(panicked.place.as_ref().unwrap().starts_with(&format!("{}:{line}:", file!())), "{panicked}");
        let text = panicked.to_string();
        assert!(text.starts_with("a panic was caught: number 2 (at src"), "{text}");
        assert_eq!(catch(|| panic!("literal")).unwrap_err().message, "literal");
        assert_eq!(catch(|| 7), Ok(7));
    }

    #[test]
    fn panics_without_the_hook_have_no_place() {
        watch();
        let _ = catch_unwind(|| panic!("one"));
        let resumed = catch(|| panic::resume_unwind(Box::new("two"))).unwrap_err();
        assert_eq!(*resumed, Panicked { message: "two".to_owned(), place: None });
        let odd = catch(|| panic::panic_any(7)).unwrap_err();
        assert_eq!(odd.message, "(without a message)");
    }
}
