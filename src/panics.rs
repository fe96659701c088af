//! Panics are faults of this library. They are caught before they reach the host, and what they say goes to its log.
//!
//! A caught panic brings its message, but only a panic hook learns where it was raised. The hook of the process may be the host's
//! (a host in Rust shares it with us), so ours changes nothing that anybody sees: it notes message and place for its own thread, then
//! calls the one that was there. A host that sets its own hook after the first loop was made loses the place, never the message.

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

/// For log lines and as a part of them.
impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Panicked { message, place } = self;
        let place = place.as_deref().unwrap_or("an unknown place");
        write!(f, "a panic was caught: {message} (at {place})")
    }
}

thread_local!(static LAST: RefCell<Option<Panicked>> = const { RefCell::new(None) });

/// Has the hook note where panics are raised, from now on.
pub fn watch() {
    static ONCE: Once = Once::new();
    // Hooks cannot be changed while this thread unwinds. The next loop does it.
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

/// Must not panic, in a thread that is about to end either.
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

/// Runs the body, and catches its panic. Whoever calls this logs what was caught, once.
///
/// States that a panic leaves half changed are the caller's to discard: a connection, an engine, a loop is ended, or stays behind
/// locks that do not poison and single assignments.
#[inline]
pub fn catch<T>(body: impl FnOnce() -> T) -> Result<T, Box<Panicked>> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| caught(&*payload))
}

#[cold]
#[inline(never)]
fn caught(payload: &(dyn Any + Send)) -> Box<Panicked> {
    let message = text(payload);
    // An older note is of a panic that somebody else caught; this one came without passing the hook.
    let noted = LAST.try_with(|last| last.take()).ok().flatten().filter(|noted| noted.message == message);
    Box::new(noted.unwrap_or(Panicked { message, place: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caught_panic_tells_its_message_and_its_place() {
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
    fn a_panic_that_no_hook_saw_has_no_place_of_another() {
        watch();
        let _ = catch_unwind(|| panic!("one"));
        let resumed = catch(|| panic::resume_unwind(Box::new("two"))).unwrap_err();
        assert_eq!(*resumed, Panicked { message: "two".to_owned(), place: None });
        let odd = catch(|| panic::panic_any(7)).unwrap_err();
        assert_eq!(odd.message, "(without a message)");
    }
}
