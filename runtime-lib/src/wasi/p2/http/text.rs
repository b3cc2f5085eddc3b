//! Texts of messages, which are ASCII, as the guest gets them and gives them.

use crate::guest::call::{AsciiPlace, Call, Place};

/// Most bytes of a text that the guest gives.
pub const MAX_TEXT: usize = 8 * 1024;

/// Gives the guest a text of so many bytes at an offset of a result: `copy` writes it. Nothing in
/// `copy` may trap.
pub fn lower(
    call: &Call<'_>,
    place: &Place<'_>,
    at: u32,
    len: usize,
    copy: impl FnOnce(&AsciiPlace<'_>),
) {
    let (address, count, room) = call.allocate_ascii(len);
    copy(&room);
    place.put(at, address);
    place.put(at + 4, count);
}
