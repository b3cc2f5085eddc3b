//! `incoming-request`, `incoming-body` and `future-trailers`: the request that is being answered.

use super::super::messages::{FutureTrailers, IncomingBody, IncomingRequest};
use super::super::objects::{self, Object};
use super::super::resources::{BodyInput, Input, StreamError, Wait};
use super::errors::{put_code, put_handle};
use super::{errors, fields, text};
use crate::guest::call::Call;
use crate::guest::trap;
use crate::host::heap;
use crate::host::http::exchange::{self, Of, Ready};
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::method::Code as Method;
use wasmc_abi::p2_layout::{self as layout, scheme};
use wasmc_abi::traps::Trap;

/// The object of the request that is being answered.
pub fn request() -> u32 {
    let request = IncomingRequest {
        fields: None,
        consumed: false,
    };
    objects::add(Object::IncomingRequest(request), None)
}

fn get(call: &Call<'_>, this: u32) -> (u32, IncomingRequest) {
    let number = call.borrow(this, Resource::IncomingRequest);
    (number, objects::incoming_request(number))
}

/// The number of a method that has one of its own.
fn method(name: &[u8]) -> Method {
    match name {
        b"GET" => Method::get,
        b"HEAD" => Method::head,
        b"POST" => Method::post,
        b"PUT" => Method::put,
        b"DELETE" => Method::delete,
        b"CONNECT" => Method::connect,
        b"OPTIONS" => Method::options,
        b"TRACE" => Method::trace,
        b"PATCH" => Method::patch,
        _ => Method::other,
    }
}

/// Gives the method.
pub fn incoming_request_method(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::METHOD;
    let place = call.place(ret, layout.size, layout.align);
    get(call, this);
    let (method, len) = exchange::with_head(Of::Method, |name| (method(name), name.len()));
    place.put(0, method as u8);
    if method == Method::other {
        text::lower(call, &place, layout::METHOD_OTHER, len, |room| {
            exchange::with_head(Of::Method, |name| room.write(name));
        });
    }
}

/// Gives the path and the query.
pub fn incoming_request_path_with_query(call: &Call<'_>, this: u32, ret: u32) {
    put_part(call, this, Of::Target, ret);
}

/// Gives the host that the request is for, and the port if the client has named one.
pub fn incoming_request_authority(call: &Call<'_>, this: u32, ret: u32) {
    put_part(call, this, Of::Authority, ret);
}

fn put_part(call: &Call<'_>, this: u32, of: Of, ret: u32) {
    let layout = layout::OPTION_STRING;
    let place = call.place(ret, layout.size, layout.align);
    get(call, this);
    let len = exchange::with_head(of, <[u8]>::len);
    place.put(0, u8::from(len > 0));
    if len > 0 {
        text::lower(call, &place, layout.payload, len, |room| {
            exchange::with_head(of, |part| room.write(part));
        });
    }
}

/// Gives the scheme: that of requests without encryption.
pub fn incoming_request_scheme(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::OPTION_SCHEME;
    let place = call.place(ret, layout.size, layout.align);
    get(call, this);
    place.put(0, 1u8);
    place.put(layout.payload, scheme::Code::HTTP as u8);
}

/// Gives the headers, which cannot be changed; those about the connection are left out.
pub fn incoming_request_headers(call: &Call<'_>, this: u32) -> u32 {
    let (number, mut request) = get(call, this);
    let list = match request.fields {
        Some(fields) => fields,
        None => match heap::with(exchange::fields) {
            Ok(fields) => {
                request.fields = Some(fields);
                objects::set(number, Object::IncomingRequest(request));
                fields
            }
            Err(_) => trap::raise(Trap::HostMemory),
        },
    };
    fields::view(call, list, number)
}

/// Gives the body, once.
pub fn incoming_request_consume(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::RESULT_HANDLE;
    let place = call.place(ret, layout.size, layout.align);
    let (number, mut request) = get(call, this);
    let body = (!request.consumed).then(|| {
        request.consumed = true;
        objects::set(number, Object::IncomingRequest(request));
        let body = IncomingBody { streamed: false };
        call.own(
            Resource::IncomingBody,
            objects::add(Object::IncomingBody(body), None),
        )
    });
    put_handle(&place, body);
}

/// Drops an `incoming-request`.
pub fn drop_request(object: u32) {
    if let Object::IncomingRequest(request) = objects::remove(object)
        && let Some(fields) = request.fields
    {
        heap::with(|heap| fields.free(heap));
    }
}

/// Gives the stream of a body, once.
pub fn incoming_body_stream(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::RESULT_HANDLE;
    let place = call.place(ret, layout.size, layout.align);
    let number = call.borrow(this, Resource::IncomingBody);
    let body = objects::incoming_body(number);
    let stream = (!body.streamed).then(|| {
        objects::set(
            number,
            Object::IncomingBody(IncomingBody { streamed: true }),
        );
        let input = Input::Body(BodyInput {
            number: 0,
            wait,
            read,
        });
        let object = objects::add(Object::Input(input), Some(number));
        call.own(Resource::InputStream, object)
    });
    put_handle(&place, stream);
}

fn wait(_: u32) -> Wait {
    match exchange::ready() {
        Ready::Now => Wait::Nothing,
        Ready::Readable(fd) => Wait::Readable(fd),
    }
}

fn read(_: u32, room: &mut [u8]) -> Result<usize, StreamError> {
    exchange::read(room).map_err(|error| error.map(|error| error.errno()))
}

/// Says that a body is not read further, and gives what follows it.
pub fn incoming_body_finish(call: &Call<'_>, this: u32) -> u32 {
    objects::remove(call.take(this, Resource::IncomingBody));
    let trailers = FutureTrailers { given: false };
    let object = objects::add(Object::FutureTrailers(trailers), None);
    call.own(Resource::FutureTrailers, object)
}

/// Makes a pollable that is ready when it is known what follows a body.
pub fn future_trailers_subscribe(call: &Call<'_>, this: u32) -> u32 {
    let number = call.borrow(this, Resource::FutureTrailers);
    let wait = Wait::Ask(wait_for_trailers, 0);
    let object = objects::add(Object::Pollable(wait), Some(number));
    call.own(Resource::Pollable, object)
}

fn wait_for_trailers(number: u32) -> Wait {
    match exchange::trailers() {
        Some(_) => Wait::Nothing,
        None => wait(number),
    }
}

/// Gives what follows a body, once, if it is known already.
pub fn future_trailers_get(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::OPTION_TRAILERS;
    let place = call.place(ret, layout.size, layout.align);
    let number = call.borrow(this, Resource::FutureTrailers);
    let future = objects::future_trailers(number);
    // `option<result<result<option<trailers>, error-code>>>`
    const OUTER: u32 = 8;
    const INNER: u32 = 16;
    const OPTION: u32 = 24;
    let trailers = match exchange::trailers() {
        Some(trailers) => trailers,
        None => {
            place.put(0, 0u8);
            return;
        }
    };
    place.put(0, 1u8);
    if future.given {
        place.put(OUTER, 1u8);
        return;
    }
    objects::set(
        number,
        Object::FutureTrailers(FutureTrailers { given: true }),
    );
    place.put(OUTER, 0u8);
    match trailers {
        Ok(list) => {
            place.put(INNER, 0u8);
            place.put(INNER + OUTER, u8::from(list.count() > 0));
            if list.count() > 0 {
                // The request keeps its own.
                let copy = match heap::with(|heap| list.copy(heap)) {
                    Ok(copy) => copy,
                    Err(_) => trap::raise(Trap::HostMemory),
                };
                place.put(OPTION + 4, fields::own(call, copy));
            }
        }
        Err(error) => {
            place.put(INNER, 1u8);
            put_code(&place, INNER + OUTER, errors::code(error));
        }
    }
}
