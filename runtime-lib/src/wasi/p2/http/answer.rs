//! `response-outparam` and `outgoing-response`: the answer.

use super::super::messages::OutgoingResponse;
use super::super::objects::{self, Object};
use super::errors::{put_handle, put_result};
use super::{fields, outgoing_body};
use crate::guest::call::Call;
use crate::guest::trap;
use crate::host::heap;
use crate::host::http::error::HttpError;
use crate::host::http::exchange;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::{self as layout};
use wasmc_abi::traps::Trap;

/// The object that says where the answer goes.
pub fn outparam() -> u32 {
    objects::add(Object::ResponseOutparam, None)
}

fn get(call: &Call<'_>, this: u32) -> (u32, OutgoingResponse) {
    let number = call.borrow(this, Resource::OutgoingResponse);
    (number, objects::outgoing_response(number))
}

/// Sends an answer before the answer, which the runtime does not do.
pub fn response_outparam_send_informational(
    call: &Call<'_>,
    this: u32,
    _status: u32,
    headers: u32,
    ret: u32,
) {
    let layout = layout::HTTP_UNIT;
    let place = call.place(ret, layout.size, layout.align);
    call.borrow(this, Resource::ResponseOutparam);
    let list = fields::take(call, headers);
    heap::with(|heap| list.free(heap));
    put_result(&place, layout, Err::<(), _>(HttpError::Denied), |(), _| {});
}

/// Answers the request, or lets the server answer that it failed.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn response_outparam_set(
    call: &Call<'_>,
    param: u32,
    response: u32,
    response_1: u32,
    _response_2: u32,
    _response_3: u64,
    _response_4: u32,
    _response_5: u32,
    _response_6: u32,
    _response_7: u32,
) {
    objects::remove(call.take(param, Resource::ResponseOutparam));
    match response {
        0 => {
            let number = call.take(response_1, Resource::OutgoingResponse);
            let Object::OutgoingResponse(response) = objects::remove(number) else {
                trap::raise(Trap::UnknownHandle)
            };
            let OutgoingResponse {
                status,
                fields,
                outlet,
            } = response;
            if exchange::set_answer(status, fields, outlet).is_err() {
                exchange::refuse(500);
                outgoing_body::give_up(outlet);
            }
            heap::with(|heap| fields.free(heap));
        }
        1 => exchange::refuse(500),
        _ => trap::raise(Trap::InvalidDiscriminant),
    }
}

/// Makes an answer with headers, and the status 200 until another is set.
pub fn outgoing_response_new(call: &Call<'_>, headers: u32) -> u32 {
    let response = OutgoingResponse {
        status: 200,
        fields: fields::take(call, headers),
        outlet: None,
    };
    let object = objects::add(Object::OutgoingResponse(response), None);
    call.own(Resource::OutgoingResponse, object)
}

/// Gives the status.
pub fn outgoing_response_status_code(call: &Call<'_>, this: u32) -> u32 {
    get(call, this).1.status.into()
}

/// Sets the status; fails for what is none.
pub fn outgoing_response_set_status_code(call: &Call<'_>, this: u32, status_code: u32) -> u32 {
    let (number, mut response) = get(call, this);
    let status = status_code as u16;
    if !(100..=999).contains(&status) {
        return 1;
    }
    response.status = status;
    objects::set(number, Object::OutgoingResponse(response));
    0
}

/// Gives the headers, which cannot be changed any more.
pub fn outgoing_response_headers(call: &Call<'_>, this: u32) -> u32 {
    let (number, response) = get(call, this);
    fields::view(call, response.fields, number)
}

/// Gives the body to write, once.
pub fn outgoing_response_body(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::RESULT_HANDLE;
    let place = call.place(ret, layout.size, layout.align);
    let (number, mut response) = get(call, this);
    let body = outgoing_body::open(call, &mut response.outlet, response.fields);
    objects::set(number, Object::OutgoingResponse(response));
    put_handle(&place, body);
}

/// Drops an `outgoing-response`.
pub fn drop_response(object: u32) {
    if let Object::OutgoingResponse(response) = objects::remove(object) {
        heap::with(|heap| response.fields.free(heap));
        outgoing_body::give_up(response.outlet);
    }
}

/// Drops a `response-outparam`.
pub fn drop_outparam(object: u32) {
    objects::remove(object);
}
