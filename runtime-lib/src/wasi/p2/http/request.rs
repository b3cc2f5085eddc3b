//! `outgoing-request`, `incoming-response` and `outgoing-handler`: requests of the guest's own.
//!
//! The runtime makes none yet: every request is denied, so that there is no answer to any.

use super::super::messages::{OutgoingRequest, Word};
use super::super::objects::{self, Object};
use super::errors::{put_handle, put_result};
use super::{fields, outgoing_body, text};
use crate::guest::call::{Call, Place};
use crate::guest::trap;
use crate::host::heap::{self, Block};
use crate::host::http::error::HttpError;
use crate::host::http::syntax;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::{self as layout, method, scheme};
use wasmc_abi::traps::Trap;

/// Makes a request with headers: `GET`, until another method is set.
pub fn outgoing_request_new(call: &Call<'_>, headers: u32) -> u32 {
    let request = OutgoingRequest {
        fields: fields::take(call, headers),
        method: Word {
            case: method::Code::get as u8,
            other: Block::NONE,
        },
        scheme: None,
        authority: Block::NONE,
        path: Block::NONE,
        outlet: None,
    };
    let object = objects::add(Object::OutgoingRequest(request), None);
    call.own(Resource::OutgoingRequest, object)
}

fn get(call: &Call<'_>, this: u32) -> (u32, OutgoingRequest) {
    let number = call.borrow(this, Resource::OutgoingRequest);
    (number, objects::outgoing_request(number))
}

/// Gives the body to write, once.
pub fn outgoing_request_body(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::RESULT_HANDLE;
    let place = call.place(ret, layout.size, layout.align);
    let (number, mut request) = get(call, this);
    let body = outgoing_body::open(call, &mut request.outlet, request.fields);
    objects::set(number, Object::OutgoingRequest(request));
    put_handle(&place, body);
}

/// A text that the guest gives, kept in the heap; `None` when it is not what it should be.
fn keep(
    call: &Call<'_>,
    (address, len): (u32, u32),
    is_valid: impl FnOnce(&[u8]) -> bool,
) -> Option<Block> {
    let mut bytes = [0; text::MAX_TEXT];
    let text = call.lift_string(address, len, &mut bytes)?;
    if !is_valid(text) {
        return None;
    }
    if text.is_empty() {
        return Some(Block::NONE);
    }
    match heap::with(|heap| heap.copy(text)) {
        Some(block) => Some(block),
        None => trap::raise(Trap::HostMemory),
    }
}

/// Gives the guest a text of the heap at an offset of a result.
fn put_text(call: &Call<'_>, place: &Place<'_>, at: u32, block: Block) {
    text::lower(call, place, at, block.len(), |room| {
        heap::with(|heap| room.write(heap.bytes(block)));
    });
}

fn put_optional_text(call: &Call<'_>, ret: u32, block: Block) {
    let layout = layout::OPTION_STRING;
    let place = call.place(ret, layout.size, layout.align);
    place.put(0, u8::from(!block.is_none()));
    if !block.is_none() {
        put_text(call, &place, layout.payload, block);
    }
}

/// Whether an option of the guest's is there.
fn is_some(some: u32) -> bool {
    match some {
        0 => false,
        1 => true,
        _ => trap::raise(Trap::InvalidDiscriminant),
    }
}

/// Puts a text in the place of another one: 0, or 1 when it is not what it should be.
fn replace(place: &mut Block, with: Option<Block>) -> u32 {
    match with {
        Some(block) => {
            let old = core::mem::replace(place, block);
            heap::with(|heap| heap.free(old));
            0
        }
        None => 1,
    }
}

/// Gives the method.
pub fn outgoing_request_method(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::METHOD;
    let place = call.place(ret, layout.size, layout.align);
    let method = get(call, this).1.method;
    place.put(0, method.case);
    if method.case == method::Code::other as u8 {
        put_text(call, &place, layout::METHOD_OTHER, method.other);
    }
}

/// Sets the method; fails for what is none.
pub fn outgoing_request_set_method(
    call: &Call<'_>,
    this: u32,
    method: u32,
    method_1: u32,
    method_2: u32,
) -> u32 {
    let (number, mut request) = get(call, this);
    let other = match method {
        case if case < method::Code::other as u32 => Some(Block::NONE),
        case if case == method::Code::other as u32 => {
            keep(call, (method_1, method_2), syntax::is_token)
        }
        _ => trap::raise(Trap::InvalidDiscriminant),
    };
    let failed = replace(&mut request.method.other, other);
    if failed == 0 {
        request.method.case = method as u8;
    }
    objects::set(number, Object::OutgoingRequest(request));
    failed
}

/// Gives the path and the query.
pub fn outgoing_request_path_with_query(call: &Call<'_>, this: u32, ret: u32) {
    put_optional_text(call, ret, get(call, this).1.path);
}

/// Sets the path and the query; fails for what is none.
pub fn outgoing_request_set_path_with_query(
    call: &Call<'_>,
    this: u32,
    path_with_query_some: u32,
    path_with_query: u32,
    path_with_query_len: u32,
) -> u32 {
    let (number, mut request) = get(call, this);
    let text = (path_with_query, path_with_query_len);
    let path = match is_some(path_with_query_some) {
        true => keep(call, text, syntax::is_target),
        false => Some(Block::NONE),
    };
    let failed = replace(&mut request.path, path);
    objects::set(number, Object::OutgoingRequest(request));
    failed
}

/// Gives the scheme.
pub fn outgoing_request_scheme(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::OPTION_SCHEME;
    let place = call.place(ret, layout.size, layout.align);
    let scheme = get(call, this).1.scheme;
    place.put(0, u8::from(scheme.is_some()));
    if let Some(scheme) = scheme {
        place.put(layout.payload, scheme.case);
        if scheme.case == scheme::Code::other as u8 {
            put_text(call, &place, layout::SCHEME_OTHER, scheme.other);
        }
    }
}

/// Sets the scheme; fails for what is none.
pub fn outgoing_request_set_scheme(
    call: &Call<'_>,
    this: u32,
    scheme_some: u32,
    scheme: u32,
    scheme_1: u32,
    scheme_2: u32,
) -> u32 {
    let (number, mut request) = get(call, this);
    let is_scheme = |text: &[u8]| {
        text.first().is_some_and(u8::is_ascii_alphabetic)
            && text
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
    };
    let other = match scheme {
        _ if !is_some(scheme_some) => Some(Block::NONE),
        case if case < scheme::Code::other as u32 => Some(Block::NONE),
        case if case == scheme::Code::other as u32 => keep(call, (scheme_1, scheme_2), is_scheme),
        _ => trap::raise(Trap::InvalidDiscriminant),
    };
    let mut kept = request.scheme.map_or(Block::NONE, |scheme| scheme.other);
    let failed = replace(&mut kept, other);
    if failed == 0 {
        request.scheme = is_some(scheme_some).then_some(Word {
            case: scheme as u8,
            other: kept,
        });
    }
    objects::set(number, Object::OutgoingRequest(request));
    failed
}

/// Gives the host that a request is for.
pub fn outgoing_request_authority(call: &Call<'_>, this: u32, ret: u32) {
    put_optional_text(call, ret, get(call, this).1.authority);
}

/// Sets the host that a request is for; fails for what is none.
pub fn outgoing_request_set_authority(
    call: &Call<'_>,
    this: u32,
    authority_some: u32,
    authority: u32,
    authority_len: u32,
) -> u32 {
    let (number, mut request) = get(call, this);
    let text = match is_some(authority_some) {
        true => keep(call, (authority, authority_len), |text| {
            !text.is_empty() && syntax::is_authority(text)
        }),
        false => Some(Block::NONE),
    };
    let failed = replace(&mut request.authority, text);
    objects::set(number, Object::OutgoingRequest(request));
    failed
}

/// Gives the headers, which cannot be changed any more.
pub fn outgoing_request_headers(call: &Call<'_>, this: u32) -> u32 {
    let (number, request) = get(call, this);
    fields::view(call, request.fields, number)
}

/// Drops an `outgoing-request`.
pub fn drop_outgoing_request(object: u32) {
    if let Object::OutgoingRequest(request) = objects::remove(object) {
        heap::with(|heap| {
            request.fields.free(heap);
            heap.free(request.method.other);
            heap.free(request.authority);
            heap.free(request.path);
            if let Some(scheme) = request.scheme {
                heap.free(scheme.other);
            }
        });
        outgoing_body::give_up(request.outlet);
    }
}

/// Makes a request: denied, until the runtime can.
pub fn outgoing_handler_handle(
    call: &Call<'_>,
    request: u32,
    options_some: u32,
    options: u32,
    ret: u32,
) {
    let layout = layout::HTTP_HANDLE;
    let place = call.place(ret, layout.size, layout.align);
    drop_outgoing_request(call.take(request, Resource::OutgoingRequest));
    if is_some(options_some) {
        objects::remove(call.take(options, Resource::RequestOptions));
    }
    put_result(&place, layout, Err::<u32, _>(HttpError::Denied), |_, _| {});
}

/// Makes a pollable that is ready when there is an answer.
pub fn future_incoming_response_subscribe(call: &Call<'_>, this: u32) -> u32 {
    call.borrow(this, Resource::FutureIncomingResponse)
}

/// Gives the answer to a request, once, if it is there already.
pub fn future_incoming_response_get(call: &Call<'_>, this: u32, _ret: u32) {
    call.borrow(this, Resource::FutureIncomingResponse);
}

/// Gives the status of an answer.
pub fn incoming_response_status(call: &Call<'_>, this: u32) -> u32 {
    call.borrow(this, Resource::IncomingResponse)
}

/// Gives the headers of an answer.
pub fn incoming_response_headers(call: &Call<'_>, this: u32) -> u32 {
    call.borrow(this, Resource::IncomingResponse)
}

/// Gives the body of an answer, once.
pub fn incoming_response_consume(call: &Call<'_>, this: u32, _ret: u32) {
    call.borrow(this, Resource::IncomingResponse);
}
