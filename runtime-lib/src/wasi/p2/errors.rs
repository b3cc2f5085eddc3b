//! `wasi:io/error`, and the error codes of `wasi:filesystem`: why an operation failed.

use super::objects::{self, Object};
use crate::guest::call::{Call, Place};
use crate::host::http::error::FIRST_OF_RUNTIME;
use rustix::io::Errno;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::filesystem_error::Code;
use wasmc_abi::p2_layout::{self as layout, Layout};

/// Gives a text for people who look for a bug: the system's number of the error.
pub fn error_to_debug_string(call: &Call<'_>, this: u32, ret: u32) {
    let number = objects::error(call.borrow(this, Resource::Error));
    let place = call.place(ret, layout::LIST.size, layout::LIST.align);
    // The system's numbers have up to three digits, those of the runtime four.
    let digit = |unit: u32| b'0' + (number.unsigned_abs() / unit % 10) as u8;
    let digits = [digit(1000), digit(100), digit(10), digit(1)];
    let text = [*b"syst", *b"em e", *b"rror", *b" no ", digits];
    let (address, len) = call.lower_string(text.as_flattened());
    place.put(0, address);
    place.put(4, len);
}

/// Gives the error code that an error of a stream on a file stands for; none for other streams.
pub fn filesystem_error_code(call: &Call<'_>, err: u32, ret: u32) {
    let number = objects::error(call.borrow(err, Resource::Error));
    let place = call.place(ret, layout::OPTION_CODE.size, layout::OPTION_CODE.align);
    // Beyond the numbers of Linux are those of other parts of the runtime.
    let is_of_system = number < FIRST_OF_RUNTIME;
    place.put(0, u8::from(is_of_system));
    if is_of_system {
        let code = code(Errno::from_raw_os_error(number));
        place.put(layout::OPTION_CODE.payload, code as u8);
    }
}

/// A handle of the error that the system's is.
pub fn error_handle(call: &Call<'_>, errno: Errno) -> u32 {
    let object = objects::add(Object::Error(errno.raw_os_error()), None);
    call.own(Resource::Error, object)
}

/// Writes a `result<T, error-code>`: `write` writes the value at the offset that it gets.
pub fn put_result<T>(
    place: Place<'_>,
    layout: Layout,
    result: Result<T, Errno>,
    write: impl FnOnce(T, u32),
) {
    match result {
        Ok(value) => {
            place.put(0, 0u8);
            write(value, layout.payload);
        }
        Err(errno) => {
            place.put(0, 1u8);
            place.put(layout.payload, code(errno) as u8);
        }
    }
}

/// The error code for a number of Linux.
pub fn code(errno: Errno) -> Code {
    match errno {
        Errno::ACCESS => Code::access,
        Errno::AGAIN => Code::would_block,
        Errno::ALREADY => Code::already,
        Errno::BADF => Code::bad_descriptor,
        Errno::BUSY => Code::busy,
        Errno::DEADLK => Code::deadlock,
        Errno::DQUOT => Code::quota,
        Errno::EXIST => Code::exist,
        Errno::FBIG => Code::file_too_large,
        Errno::ILSEQ => Code::illegal_byte_sequence,
        Errno::INPROGRESS => Code::in_progress,
        Errno::INTR => Code::interrupted,
        Errno::INVAL => Code::invalid,
        Errno::ISDIR => Code::is_directory,
        Errno::LOOP => Code::loop_,
        Errno::MLINK => Code::too_many_links,
        Errno::MSGSIZE => Code::message_size,
        Errno::NAMETOOLONG => Code::name_too_long,
        Errno::NODEV => Code::no_device,
        Errno::NOENT => Code::no_entry,
        Errno::NOLCK => Code::no_lock,
        Errno::NOMEM | Errno::MFILE | Errno::NFILE => Code::insufficient_memory,
        Errno::NOSPC => Code::insufficient_space,
        Errno::NOTDIR => Code::not_directory,
        Errno::NOTEMPTY => Code::not_empty,
        Errno::NOTRECOVERABLE => Code::not_recoverable,
        Errno::NOTSUP | Errno::NOSYS => Code::unsupported,
        Errno::NOTTY => Code::no_tty,
        Errno::NXIO => Code::no_such_device,
        Errno::OVERFLOW => Code::overflow,
        Errno::PERM => Code::not_permitted,
        Errno::PIPE => Code::pipe,
        Errno::ROFS => Code::read_only,
        Errno::SPIPE => Code::invalid_seek,
        Errno::TXTBSY => Code::text_file_busy,
        Errno::XDEV => Code::cross_device,
        _ => Code::io,
    }
}
