//! Error codes of `wasi:http`.

use super::super::objects;
use crate::guest::call::{Call, Place};
use crate::host::http::error::HttpError;
use rustix::io::Errno;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::http_error::Code;
use wasmc_abi::p2_layout::{self as layout, Layout};

/// Gives the error code that an error of a body's stream stands for.
pub fn http_error_code(call: &Call<'_>, err: u32, ret: u32) {
    let number = objects::error(call.borrow(err, Resource::Error));
    let layout = layout::OPTION_HTTP_CODE;
    let place = call.place(ret, layout.size, layout.align);
    match HttpError::of(Errno::from_raw_os_error(number)) {
        Some(error) => {
            place.put(0, 1u8);
            put_code(&place, layout.payload, code(error));
        }
        None => place.put(0, 0u8),
    }
}

/// The error code of an error.
pub fn code(error: HttpError) -> Code {
    match error {
        HttpError::Terminated => Code::connection_terminated,
        HttpError::Protocol => Code::HTTP_protocol_error,
        HttpError::Trailers => Code::HTTP_request_trailer_section_size,
        HttpError::BodySize => Code::HTTP_response_body_size,
        HttpError::Denied => Code::HTTP_request_denied,
        HttpError::Internal => Code::internal_error,
    }
}

/// Writes an error code at an offset of a result. What a code may carry is left out: the options of
/// those above are none.
pub fn put_code(place: &Place<'_>, at: u32, code: Code) {
    place.put(at, code as u8);
    // The payload is aligned as its largest part is.
    place.put(at + 8, 0u64);
}

/// Writes a `result<T, error-code>`: `write` writes the value at the offset that it gets.
pub fn put_result<T>(
    place: &Place<'_>,
    layout: Layout,
    result: Result<T, HttpError>,
    write: impl FnOnce(T, u32),
) {
    match result {
        Ok(value) => {
            place.put(0, 0u8);
            write(value, layout.payload);
        }
        Err(error) => {
            place.put(0, 1u8);
            put_code(place, layout.payload, code(error));
        }
    }
}

/// Writes a `result<own<T>>`.
pub fn put_handle(place: &Place<'_>, result: Option<u32>) {
    match result {
        Some(handle) => {
            place.put(0, 0u8);
            place.put(layout::RESULT_HANDLE.payload, handle);
        }
        None => place.put(0, 1u8),
    }
}
