//! Structs of the header that begin with `struct_size` and grow at their end, and the rules about their size.
//!
//! A program uses the struct of the header that it was compiled with. Its size is between that of the first release and
//! [`LARGEST`]. If it is smaller than the library's struct, the newer fields are zero, their defaults. If it is larger, the bytes
//! that this library does not know must be zero when it reads them, and it writes them as zero.

use super::types::{
    egret_ws_close_info, egret_ws_deflate_options, egret_ws_free_report, egret_ws_loop_options, egret_ws_options,
    egret_ws_retry_options, egret_ws_statistics,
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
    /// Its size in the first release. It never changes: a program of that release must work with every later library.
    const FIRST_RELEASE: usize;
    /// What is wrong with a pointer, a size, or bytes after the fields that this library knows.
    const MISTAKES: Mistakes;
}

/// The texts of the errors of one struct.
pub(super) struct Mistakes {
    null: &'static str,
    size: &'static str,
    newer: &'static str,
}

/// The structs, and the offset at which each ended in the first release.
macro_rules! sized {
    ($($name:ident, $size:expr;)*) => {$(
        // SAFETY: a struct of the header: `repr(C)`, with numbers, pointers and nullable function pointers only, in an order
        // that leaves no padding; the first is `struct_size`, which is checked below.
        unsafe impl Growing for $name {
            const FIRST_RELEASE: usize = $size;
            const MISTAKES: Mistakes = Mistakes {
                null: concat!("the pointer to ", stringify!($name), " is NULL: give the address of one"),
                size: concat!("struct_size of ", stringify!($name), " is that of no release: set it to sizeof(", stringify!($name), ")"),
                newer: concat!("bytes of ", stringify!($name), " after the fields that this library knows are not 0: call its \
                    init function, and set no field of a newer header"),
            };
        }

        const _: () = assert!(
            offset_of!($name, struct_size) == 0
                && <$name>::FIRST_RELEASE.is_multiple_of(align_of::<$name>())
                && <$name>::FIRST_RELEASE <= size_of::<$name>()
                && size_of::<$name>() <= LARGEST
        );
    )*};
}

sized! {
    egret_ws_loop_options, offset_of!(egret_ws_loop_options, linger_ms) + size_of::<u32>();
    egret_ws_options, offset_of!(egret_ws_options, on_drain);
    egret_ws_retry_options, offset_of!(egret_ws_retry_options, total_ms) + size_of::<u32>();
    egret_ws_deflate_options, offset_of!(egret_ws_deflate_options, server_no_context_takeover) + size_of::<u32>();
    egret_ws_statistics, offset_of!(egret_ws_statistics, connections);
    egret_ws_free_report, offset_of!(egret_ws_free_report, unsent_bytes) + size_of::<u64>();
    egret_ws_close_info, offset_of!(egret_ws_close_info, message_len) + size_of::<usize>();
}

/// Checks that a program can have this struct with this size. The size in each release is a multiple of the alignment.
fn check<T: Growing>(size: usize) -> Result<(), DetailedError> {
    let possible = (T::FIRST_RELEASE..=LARGEST).contains(&size) && size.is_multiple_of(align_of::<T>());
    if possible { Ok(()) } else { Err(DetailedError::new(Error::BadStruct, T::MISTAKES.size)) }
}

/// Zeroes `size` bytes at `given` and writes `struct_size`.
///
/// # Safety
/// `given` is NULL or points to `size` writable bytes.
pub(super) unsafe fn init<T: Growing>(given: *mut T, size: usize) -> Result<(), DetailedError> {
    if given.is_null() {
        return Err(DetailedError::invalid(T::MISTAKES.null));
    }
    check::<T>(size)?;
    // SAFETY: not NULL, and writable for `size` bytes by the caller's promise; `size` covers the leading `struct_size`.
    unsafe {
        given.cast::<u8>().write_bytes(0, size);
        given.cast::<u32>().write_unaligned(size as u32);
    }
    Ok(())
}

/// Reads a struct; NULL is all zeros, which are defaults.
///
/// # Safety
/// `given` is NULL or points to `struct_size` readable bytes.
pub(super) unsafe fn read<T: Growing>(given: *const T) -> Result<T, DetailedError> {
    let mut read = MaybeUninit::<T>::zeroed();
    if !given.is_null() {
        // SAFETY: not NULL, and has at least its `struct_size` by the caller's promise.
        let size = unsafe { given.cast::<u32>().read_unaligned() } as usize;
        check::<T>(size)?;
        let known = size.min(size_of::<T>());
        // SAFETY: `size` bytes are readable by the caller's promise, and it is at least `known`.
        let newer = unsafe { std::slice::from_raw_parts(given.cast::<u8>().add(known), size - known) };
        if newer.iter().any(|byte| *byte != 0) {
            return Err(DetailedError::new(Error::BadStruct, T::MISTAKES.newer));
        }
        // SAFETY: `known` bytes are readable by the caller's promise, and not more than `T` has; `read` is ours alone.
        unsafe { read.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(given.cast(), known) };
    }
    // SAFETY: all bytes are zero, or were copied from the caller's fields; both are valid for `T`, see [`Growing`].
    Ok(unsafe { read.assume_init() })
}

/// Checks the `struct_size` of a struct that [`write`] will write; NULL is allowed.
///
/// # Safety
/// `out` is NULL or points to a readable `struct_size`.
pub(super) unsafe fn check_optional<T: Growing>(out: *const T) -> Result<(), DetailedError> {
    // SAFETY: not NULL, and has a `struct_size` by the caller's promise.
    if out.is_null() { Ok(()) } else { check::<T>(unsafe { out.cast::<u32>().read_unaligned() } as usize) }
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
    if out.is_null() {
        return Err(DetailedError::invalid(T::MISTAKES.null));
    }
    // SAFETY: not NULL, and has at least its `struct_size` by the caller's promise.
    let struct_size = unsafe { out.cast::<u32>().read_unaligned() };
    let size = struct_size as usize;
    check::<T>(size)?;
    let made = make(struct_size)?;
    let known = size.min(size_of::<T>());
    // SAFETY: `size` bytes are writable by the caller's promise, `known` is not more than that nor than `made` has; all bytes of
    // `made` are initialised, since `T` has no padding, see [`Growing`].
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
            let good = size >= T::FIRST_RELEASE && size <= LARGEST && size % align_of::<T>() == 0;
            let expected = if good { Ok(()) } else { Err(DetailedError::new(Error::BadStruct, T::MISTAKES.size)) };
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
        every_size::<egret_ws_statistics>(true);
        every_size::<egret_ws_free_report>(true);
        every_size::<egret_ws_close_info>(true);
    }

    /// Programs of the first release have these sizes.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn sizes_of_the_first_release_do_not_change() {
        let sizes = [
            egret_ws_loop_options::FIRST_RELEASE,
            egret_ws_options::FIRST_RELEASE,
            egret_ws_statistics::FIRST_RELEASE,
            egret_ws_free_report::FIRST_RELEASE,
        ];
        assert_eq!(sizes, [40, 88, 56, 24]);
    }
}
