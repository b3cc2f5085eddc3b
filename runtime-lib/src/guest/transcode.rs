//! Strings between component instances: from one memory and encoding to another.
//!
//! Adapters have checked that what is read lies within its memory and that what is written has
//! room: here both are checked again, as everywhere, by [`GuestMemory`]. What is no text traps.
//! Lengths are code units of the encoding: bytes, or two bytes of UTF-16.

use super::pointer::{GuestMemory, GuestSlice};
use super::trap;
use wasmc_abi::component::{Memories, UTF16_TAG};
use wasmc_abi::traps::Trap;

/// What a function of several results returns.
#[repr(C)]
pub struct Pair {
    /// Code units that were read.
    pub read: u64,
    /// Code units that were written.
    pub written: u64,
}

/// The memories that a string goes from and to.
struct Transfer<'a> {
    from: GuestMemory<'a>,
    to: GuestMemory<'a>,
}

impl<'a> Transfer<'a> {
    /// # Safety
    /// `memories` must be as the compiler has written it.
    unsafe fn new(memories: *const Memories) -> Transfer<'a> {
        trap::ensure_headroom();
        // SAFETY: as the caller vouches; memories are accessible up to their size.
        unsafe {
            Transfer {
                from: GuestMemory::new((*memories).from.get()),
                to: GuestMemory::new((*memories).to.get()),
            }
        }
    }

    fn source(&self, address: u32, bytes: u32) -> GuestSlice<'a> {
        match self.from.slice(address, bytes) {
            Ok(bytes) => bytes,
            Err(_) => trap::raise(Trap::StringOutOfBounds),
        }
    }

    fn target(&self, address: u32, bytes: u32) -> GuestSlice<'a> {
        match self.to.slice(address, bytes) {
            Ok(bytes) => bytes,
            Err(_) => trap::raise(Trap::StringOutOfBounds),
        }
    }

    /// UTF-16 of so many code units.
    fn source16(&self, address: u32, units: u32) -> GuestSlice<'a> {
        match units.checked_mul(2) {
            Some(bytes) => self.source(address, bytes),
            None => trap::raise(Trap::StringOutOfBounds),
        }
    }

    fn target16(&self, address: u32, units: u32) -> GuestSlice<'a> {
        match units.checked_mul(2) {
            Some(bytes) => self.target(address, bytes),
            None => trap::raise(Trap::StringOutOfBounds),
        }
    }
}

/// A character and how many code units it took; `None` at the end.
type Next = Option<(char, usize)>;

/// The character at an offset of UTF-8; traps when there is none.
fn next_utf8(bytes: GuestSlice<'_>, at: usize) -> Next {
    let first = bytes.get::<u8>(at)?;
    let len = match first {
        0..0x80 => return Some((char::from(first), 1)),
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => trap::raise(Trap::InvalidUtf8),
    };
    let mut text = [first, 0, 0, 0];
    let rest = bytes.skip(at + 1);
    let room = text.get_mut(1..len).unwrap_or_default();
    let copied = rest.copy_to(room);
    let complete = copied == room.len();
    let text = text.get(..1 + copied).unwrap_or_default();
    match core::str::from_utf8(text) {
        Ok(text) => text.chars().next().map(|character| (character, len)),
        Err(error) if !complete && error.error_len().is_none() => trap::raise(Trap::IncompleteUtf8),
        Err(_) => trap::raise(Trap::InvalidUtf8),
    }
}

/// The character at a code unit of UTF-16; traps when there is none.
fn next_utf16(bytes: GuestSlice<'_>, at: usize) -> Next {
    let first = bytes.get::<u16>(at * 2)?;
    let second = bytes.get::<u16>((at + 1) * 2);
    let units = core::iter::once(first).chain(second);
    match char::decode_utf16(units).next() {
        Some(Ok(character)) => Some((character, character.len_utf16())),
        _ => trap::raise(Trap::InvalidUtf16),
    }
}

/// The character at an offset of Latin-1.
fn next_latin1(bytes: GuestSlice<'_>, at: usize) -> Next {
    bytes.get::<u8>(at).map(|byte| (char::from(byte), 1))
}

type Reader = fn(GuestSlice<'_>, usize) -> Next;

/// Writes as UTF-8 what fits.
fn to_utf8(source: GuestSlice<'_>, next: Reader, target: GuestSlice<'_>) -> Pair {
    let (mut read, mut written) = (0, 0);
    while let Some((character, units)) = next(source, read) {
        let mut bytes = [0; 4];
        let bytes = character.encode_utf8(&mut bytes).as_bytes();
        if written + bytes.len() > target.len() {
            break;
        }
        target.skip(written).copy_from(bytes);
        read += units;
        written += bytes.len();
    }
    Pair {
        read: read as u64,
        written: written as u64,
    }
}

/// Writes as UTF-16 behind the first `written` code units: how many there are then.
fn to_utf16(source: GuestSlice<'_>, next: Reader, target: GuestSlice<'_>, written: usize) -> u32 {
    let (mut read, mut written) = (0, written);
    while let Some((character, units)) = next(source, read) {
        let mut buffer = [0; 2];
        for &mut unit in character.encode_utf16(&mut buffer) {
            target.put(written * 2, unit);
            written += 1;
        }
        read += units;
    }
    written as u32
}

/// Writes as Latin-1 up to the first character that it does not have.
fn to_latin1(source: GuestSlice<'_>, next: Reader, target: GuestSlice<'_>) -> Pair {
    let (mut read, mut written) = (0, 0);
    while let Some((character, units)) = next(source, read) {
        let Ok(byte) = u8::try_from(u32::from(character)) else {
            break;
        };
        target.put(written, byte);
        read += units;
        written += 1;
    }
    Pair {
        read: read as u64,
        written: written as u64,
    }
}

/// Makes UTF-16 of the first bytes of Latin-1, in their place.
fn inflate(target: GuestSlice<'_>, bytes: usize) {
    for at in (0..bytes).rev() {
        let byte = target.get::<u8>(at).unwrap_or_default();
        target.put(at * 2, u16::from(byte));
    }
}

/// Copies UTF-8.
///
/// # Safety
/// `memories` must be as the compiler has written it; so for all functions of this file.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_copy_utf8(memories: *const Memories, src: u32, len: u32, dst: u32) {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source(src, len), transfer.target(dst, len));
    let mut at = 0;
    while let Some((character, units)) = next_utf8(source, at) {
        let mut bytes = [0; 4];
        target
            .skip(at)
            .copy_from(character.encode_utf8(&mut bytes).as_bytes());
        at += units;
    }
}

/// Copies UTF-16.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_copy_utf16(memories: *const Memories, src: u32, len: u32, dst: u32) {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source16(src, len), transfer.target16(dst, len));
    to_utf16(source, next_utf16, target, 0);
}

/// Copies Latin-1.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_copy_latin1(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
) {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source(src, len), transfer.target(dst, len));
    to_latin1(source, next_latin1, target);
}

/// Makes UTF-16 of Latin-1.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_latin1_to_utf16(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
) {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source(src, len), transfer.target16(dst, len));
    to_utf16(source, next_latin1, target, 0);
}

/// Makes UTF-8 of Latin-1, as far as there is room: code units read and written.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_latin1_to_utf8(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
    dst_len: u32,
    _first_pass: u32,
) -> Pair {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source(src, len), transfer.target(dst, dst_len));
    to_utf8(source, next_latin1, target)
}

/// Makes UTF-8 of UTF-16, as far as there is room: code units read and written.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_utf16_to_utf8(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
    dst_len: u32,
    _first_pass: u32,
) -> Pair {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source16(src, len), transfer.target(dst, dst_len));
    to_utf8(source, next_utf16, target)
}

/// Makes UTF-16 of UTF-8: code units written.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_utf8_to_utf16(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
) -> u32 {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source(src, len), transfer.target16(dst, len));
    to_utf16(source, next_utf8, target, 0)
}

/// Makes Latin-1 of UTF-8, up to the first character that it does not have: code units read and
/// written.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_utf8_to_latin1(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
) -> Pair {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source(src, len), transfer.target(dst, len));
    to_latin1(source, next_utf8, target)
}

/// Makes Latin-1 of UTF-16, up to the first character that it does not have: code units read and
/// written.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_utf16_to_latin1(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
) -> Pair {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source16(src, len), transfer.target(dst, len));
    to_latin1(source, next_utf16, target)
}

/// Makes UTF-16 of the Latin-1 written so far, and of the UTF-8 that is left: code units of all.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_utf8_to_compact_utf16(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
    dst_len: u32,
    so_far: u32,
) -> u32 {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source(src, len), transfer.target16(dst, dst_len));
    inflate(target, so_far as usize);
    to_utf16(source, next_utf8, target, so_far as usize)
}

/// Makes UTF-16 of the Latin-1 written so far, and copies the UTF-16 that is left: code units of
/// all.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_utf16_to_compact_utf16(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
    dst_len: u32,
    so_far: u32,
) -> u32 {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source16(src, len), transfer.target16(dst, dst_len));
    inflate(target, so_far as usize);
    to_utf16(source, next_utf16, target, so_far as usize)
}

/// Copies UTF-16, and makes Latin-1 of it if that has all its characters: its length, with the tag
/// if it stays UTF-16.
///
/// # Safety
/// See [`wasmc_copy_utf8`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_utf16_to_compact_probably_utf16(
    memories: *const Memories,
    src: u32,
    len: u32,
    dst: u32,
) -> u32 {
    // SAFETY: as the caller vouches.
    let transfer = unsafe { Transfer::new(memories) };
    let (source, target) = (transfer.source16(src, len), transfer.target16(dst, len));
    to_utf16(source, next_utf16, target, 0);
    let units = || (0..len as usize).map(|at| target.get::<u16>(at * 2).unwrap_or_default());
    if units().any(|unit| unit > 0xff) {
        return len | UTF16_TAG;
    }
    for (unit, at) in units().zip(0..) {
        target.put(at, unit as u8);
    }
    len
}
