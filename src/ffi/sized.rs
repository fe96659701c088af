//! Structs of the header that begin with `struct_size` and grow at their end, and the rules about their size.
//!
//! A program uses the struct of the header that it was compiled with. Its size is between that of the first release and
//! [`LARGEST`]. If it is smaller than the library's struct, the newer fields are zero, their defaults. If it is larger, the bytes
//! that this library does not know must be zero when it reads them, and it writes them as zero.

use super::tls_types::{egret_ws_tls_free_session_fn, egret_ws_tls_provider};
use super::types::{
    egret_ws_close_info, egret_ws_deflate_options, egret_ws_free_report, egret_ws_hooks, egret_ws_loop_options,
    egret_ws_on_socket_fn, egret_ws_options, egret_ws_retry_options, egret_ws_statistics,
};
use crate::error::{DetailedError, Error};
use std::mem::{MaybeUninit, align_of, offset_of, size_of};

/// The largest size that such a struct can ever have.
const LARGEST: usize = 4096;

/// A struct that begins with `struct_size`.
///
/// # Safety
/// The type is `repr(C)`, begins with a `u32`, has no padding, and every pattern of bits that C can write into its fields, zeros
/// too, is valid.
pub(super) unsafe trait Growing: Copy {
    /// The form of the struct.
    const FORM: &'static Form;
}

/// The sizes of a struct, for the functions below. They work on bytes, so that each is compiled once, and not once for each struct.
pub(super) struct Form {
    /// Its size in the first release. It never changes: a program of that release must work with every later library.
    first_release: usize,
    /// Its size in this library.
    size: usize,
    align: usize,
    /// The texts of the errors: what is wrong with a pointer, a size, or bytes after the fields that this library knows.
    null: &'static str,
    unknown_size: &'static str,
    newer: &'static str,
}

/// The structs, and the offset at which each ended in the first release.
macro_rules! sized {
    ($($name:ident, $size:expr;)*) => {$(
        // SAFETY: a struct of the header: `repr(C)`, with numbers, pointers and nullable function pointers only, in an order
        // that leaves no padding; the first is `struct_size`, which is checked below.
        unsafe impl Growing for $name {
            const FORM: &'static Form = &Form {
                first_release: $size,
                size: size_of::<$name>(),
                align: align_of::<$name>(),
                null: concat!("the pointer to ", stringify!($name), " is NULL: give the address of one"),
                unknown_size: concat!("struct_size of ", stringify!($name), " is not the size of any release: set it to sizeof(", stringify!($name), ")"),
                newer: concat!("bytes of ", stringify!($name), " after the fields that this library knows are not 0: call its \
                    init function, and set no field of a newer header"),
            };
        }

        const _: () = assert!(
            offset_of!($name, struct_size) == 0
                && <$name>::FORM.first_release.is_multiple_of(align_of::<$name>())
                && <$name>::FORM.first_release <= size_of::<$name>()
                && size_of::<$name>() <= LARGEST
        );
    )*};
}

sized! {
    egret_ws_loop_options, offset_of!(egret_ws_loop_options, linger_ms) + size_of::<u32>();
    egret_ws_options, offset_of!(egret_ws_options, on_drain);
    egret_ws_retry_options, offset_of!(egret_ws_retry_options, total_ms) + size_of::<u32>();
    egret_ws_deflate_options, offset_of!(egret_ws_deflate_options, server_no_context_takeover) + size_of::<u32>();
    egret_ws_hooks, offset_of!(egret_ws_hooks, on_socket) + size_of::<egret_ws_on_socket_fn>();
    egret_ws_tls_provider, offset_of!(egret_ws_tls_provider, free_session) + size_of::<egret_ws_tls_free_session_fn>();
    egret_ws_statistics, offset_of!(egret_ws_statistics, connections);
    egret_ws_free_report, offset_of!(egret_ws_free_report, unsent_bytes) + size_of::<u64>();
    egret_ws_close_info, offset_of!(egret_ws_close_info, message_len) + size_of::<usize>();
}

impl Form {
    /// Checks that a program can have this struct with this size. The size in each release is a multiple of the alignment.
    fn check(&self, size: usize) -> Result<(), DetailedError> {
        let possible = (self.first_release..=LARGEST).contains(&size) && size.is_multiple_of(self.align);
        if possible { Ok(()) } else { Err(DetailedError::new(Error::BadStruct, self.unknown_size)) }
    }

    /// Reads `struct_size` and checks it.
    ///
    /// # Safety
    /// `given` is NULL or points to a readable `struct_size`.
    unsafe fn size_of(&self, given: *const u8) -> Result<usize, DetailedError> {
        if given.is_null() {
            return Err(DetailedError::invalid(self.null));
        }
        // SAFETY: not NULL, and has a `struct_size` by the caller's promise.
        let size = unsafe { given.cast::<u32>().read_unaligned() } as usize;
        self.check(size).map(|()| size)
    }
}

/// Zeroes `size` bytes at `given` and writes `struct_size`.
///
/// # Safety
/// `given` is NULL or points to `size` writable bytes.
pub(super) unsafe fn init<T: Growing>(given: *mut T, size: usize) -> Result<(), DetailedError> {
    // SAFETY: the caller's promise, passed on.
    unsafe { init_bytes(given.cast(), size, T::FORM) }
}

/// As [`init`].
///
/// # Safety
/// As for [`init`].
#[inline(never)]
unsafe fn init_bytes(given: *mut u8, size: usize, form: &Form) -> Result<(), DetailedError> {
    if given.is_null() {
        return Err(DetailedError::invalid(form.null));
    }
    form.check(size)?;
    // SAFETY: not NULL, and writable for `size` bytes by the caller's promise; `size` covers the leading `struct_size`.
    unsafe {
        given.write_bytes(0, size);
        given.cast::<u32>().write_unaligned(size as u32);
    }
    Ok(())
}

/// Reads a struct; NULL is all zeros, which are defaults.
///
/// # Safety
/// `given` is NULL or points to `struct_size` readable bytes.
#[inline]
pub(super) unsafe fn read<T: Growing>(given: *const T) -> Result<T, DetailedError> {
    let mut read = MaybeUninit::<T>::zeroed();
    if !given.is_null() {
        // SAFETY: not NULL; the rest is the caller's promise. `read` has the size of the form.
        unsafe { read_bytes(given.cast(), read.as_mut_ptr().cast(), T::FORM) }?;
    }
    // SAFETY: all bytes are zero, or were copied from the caller's fields; both are valid for `T`, see [`Growing`].
    Ok(unsafe { read.assume_init() })
}

/// Copies a struct to `read`, or the part of it that the caller has.
///
/// # Safety
/// `given` points to `struct_size` readable bytes, and `read` to the bytes of a struct of this form, which is ours alone.
#[inline(never)]
unsafe fn read_bytes(given: *const u8, read: *mut u8, form: &Form) -> Result<(), DetailedError> {
    // SAFETY: the caller's promise.
    let size = unsafe { form.size_of(given) }?;
    let known = size.min(form.size);
    // SAFETY: `size` bytes are readable by the caller's promise, and it is at least `known`.
    let newer = unsafe { std::slice::from_raw_parts(given.add(known), size - known) };
    if newer.iter().any(|byte| *byte != 0) {
        return Err(DetailedError::new(Error::BadStruct, form.newer));
    }
    // SAFETY: `known` bytes are readable by the caller's promise, and not more than `read` has.
    unsafe { read.copy_from_nonoverlapping(given, known) };
    Ok(())
}

/// Checks the `struct_size` of a struct that [`write`] will write; NULL is allowed.
///
/// # Safety
/// `out` is NULL or points to a readable `struct_size`.
pub(super) unsafe fn check_optional<T: Growing>(out: *const T) -> Result<(), DetailedError> {
    // SAFETY: the caller's promise, passed on.
    if out.is_null() { Ok(()) } else { unsafe { T::FORM.size_of(out.cast()) }.map(|_| ()) }
}

/// As [`try_write`], for a struct that can always be made.
///
/// # Safety
/// As for [`try_write`].
pub(super) unsafe fn write<T: Growing>(out: *mut T, make: impl FnOnce(u32) -> T) -> Result<(), DetailedError> {
    // SAFETY: the caller's promise, passed on.
    unsafe { try_write(out, |size| Ok(make(size))) }
}

/// Writes the first `struct_size` bytes of a struct, and zeros for the bytes that this library does not know. `make` returns the
/// struct with that size in it. After an error nothing was written.
///
/// # Safety
/// `out` is NULL or points to `struct_size` readable and writable bytes.
pub(super) unsafe fn try_write<T: Growing>(
    out: *mut T,
    make: impl FnOnce(u32) -> Result<T, DetailedError>,
) -> Result<(), DetailedError> {
    // SAFETY: the caller's promise, passed on.
    let size = unsafe { T::FORM.size_of(out.cast()) }?;
    let made = make(size as u32)?;
    let known = size.min(size_of::<T>());
    // SAFETY: not NULL, `size` bytes are writable by the caller's promise, `known` is not more than that nor than `made` has; all
    // bytes of `made` are initialised, since `T` has no padding, see [`Growing`].
    unsafe {
        out.cast::<u8>().copy_from_nonoverlapping((&raw const made).cast(), known);
        out.cast::<u8>().add(known).write_bytes(0, size - known);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries each size from 0 to beyond the largest, on memory of exactly that size.
    fn every_size<T: Growing>(is_written: bool) {
        for size in 0..=LARGEST + 8 {
            let good = size >= T::FORM.first_release && size <= LARGEST && size % align_of::<T>() == 0;
            let expected = if good { Ok(()) } else { Err(DetailedError::new(Error::BadStruct, T::FORM.unknown_size)) };
            let mut room = vec![0xAAu8; size.max(4)];
            // SAFETY: `size` bytes are there, or more.
            assert_eq!(unsafe { init::<T>(room.as_mut_ptr().cast(), size) }, expected.clone(), "init of {size}");
            assert!(good || room.iter().all(|byte| *byte == 0xAA), "init of {size} has written");
            room.fill(0);
            room[..4].copy_from_slice(&(size as u32).to_ne_bytes());
            // SAFETY: as above.
            let read = unsafe { read::<T>(room.as_ptr().cast()) };
            assert_eq!(read.map(|_| ()), expected.clone(), "read of {size}");
            if is_written {
                // SAFETY: zeros are a value of these structs.
                let zeros = |_| unsafe { std::mem::zeroed() };
                // SAFETY: as above.
                assert_eq!(unsafe { write::<T>(room.as_mut_ptr().cast(), zeros) }, expected, "write of {size}");
                room[..4].copy_from_slice(&(size as u32).to_ne_bytes());
                // SAFETY: as above.
                assert_eq!(unsafe { check_optional::<T>(room.as_ptr().cast()) }, expected, "check of {size}");
            }
        }
    }

    #[test]
    fn sizes_from_the_first_release_to_the_largest_are_accepted() {
        every_size::<egret_ws_loop_options>(false);
        every_size::<egret_ws_options>(false);
        every_size::<egret_ws_retry_options>(false);
        every_size::<egret_ws_deflate_options>(false);
        every_size::<egret_ws_hooks>(false);
        every_size::<egret_ws_statistics>(true);
        every_size::<egret_ws_free_report>(true);
        every_size::<egret_ws_close_info>(true);
    }

    /// Programs of the first release have these sizes.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn sizes_of_the_first_release_do_not_change() {
        let sizes = [
            egret_ws_loop_options::FORM.first_release,
            egret_ws_options::FORM.first_release,
            egret_ws_statistics::FORM.first_release,
            egret_ws_free_report::FORM.first_release,
        ];
        assert_eq!(sizes, [40, 88, 56, 24]);
    }
}
