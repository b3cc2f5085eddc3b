//! `outgoing-body`: what the guest writes of a message.

use super::super::buffer::Source;
use super::super::messages::OutgoingBody;
use super::super::objects::{self, Object};
use super::super::resources::{BodyOutput, Output, OutputPlace, StreamError, Wait};
use super::errors::{put_handle, put_result};
use super::fields;
use crate::guest::call::Call;
use crate::guest::trap;
use crate::host::heap;
use crate::host::http::error::HttpError;
use crate::host::http::exchange;
use crate::host::http::fields::Fields;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::{self as layout};
use wasmc_abi::traps::Trap;

/// A handle of the body of a message with these fields, once: its number becomes that of the message.
pub fn open(call: &Call<'_>, of_message: &mut Option<u32>, fields: Fields) -> Option<u32> {
    if of_message.is_some() {
        return None;
    }
    let length = heap::with(|heap| exchange::content_length(heap, fields));
    let outlet = exchange::open_outlet(length)?;
    *of_message = Some(outlet);
    let body = OutgoingBody {
        outlet,
        streamed: false,
    };
    let object = objects::add(Object::OutgoingBody(body), None);
    Some(call.own(Resource::OutgoingBody, object))
}

/// Gives up the body of a message that was dropped, or not sent.
pub fn give_up(outlet: Option<u32>) {
    if let Some(outlet) = outlet {
        exchange::abandon(outlet);
        exchange::leave(outlet);
    }
}

/// Gives the stream of a body, once.
pub fn outgoing_body_write(call: &Call<'_>, this: u32, ret: u32) {
    let layout = layout::RESULT_HANDLE;
    let place = call.place(ret, layout.size, layout.align);
    let number = call.borrow(this, Resource::OutgoingBody);
    let mut body = objects::outgoing_body(number);
    let stream = (!body.streamed).then(|| {
        body.streamed = true;
        objects::set(number, Object::OutgoingBody(body));
        let output = Output {
            place: OutputPlace::Body(BodyOutput {
                number: body.outlet,
                room,
                wait,
                write,
                flush,
                unsent,
            }),
            permitted: 0,
        };
        let object = objects::add(Object::Output(output), Some(number));
        call.own(Resource::OutputStream, object)
    });
    put_handle(&place, stream);
}

/// A stream whose body cannot be written any more has ended.
fn stream_error(error: HttpError) -> StreamError {
    match error {
        HttpError::Terminated => None,
        error => Some(error.errno()),
    }
}

fn room(number: u32) -> Result<usize, StreamError> {
    exchange::room(number).map_err(stream_error)
}

fn wait(number: u32) -> Wait {
    match exchange::room(number) {
        Ok(0) => match exchange::wait_for_room(number) {
            Some(fd) => Wait::Writable(fd),
            // Until the head is sent, which nothing but the guest does.
            None => Wait::Until(u64::MAX),
        },
        _ => Wait::Nothing,
    }
}

fn write(number: u32, source: Source<'_>) -> Result<(), StreamError> {
    let written = exchange::write(number, source.len(), |room| source.copy_to(room));
    written.map_err(stream_error)
}

fn unsent(_: u32) -> Wait {
    match exchange::wait_for_sending() {
        Some(fd) => Wait::Writable(fd),
        None => Wait::Nothing,
    }
}

fn flush(number: u32) -> Result<bool, StreamError> {
    exchange::flush(number).map_err(stream_error)
}

/// Says that a body is complete, and what follows it. Fails when it is longer or shorter than its head
/// says.
pub fn outgoing_body_finish(
    call: &Call<'_>,
    this: u32,
    trailers_some: u32,
    trailers: u32,
    ret: u32,
) {
    let layout = layout::HTTP_UNIT;
    let place = call.place(ret, layout.size, layout.align);
    let Object::OutgoingBody(body) = objects::remove(call.take(this, Resource::OutgoingBody))
    else {
        trap::raise(Trap::UnknownHandle)
    };
    let trailers = match trailers_some {
        0 => Fields::NONE,
        1 => fields::take(call, trailers),
        _ => trap::raise(Trap::InvalidDiscriminant),
    };
    let finished = exchange::finish(body.outlet, trailers);
    exchange::leave(body.outlet);
    put_result(&place, layout, finished, |(), _| {});
}

/// Drops an `outgoing-body`: without having been finished it cannot be any more.
pub fn drop_outgoing_body(object: u32) {
    if let Object::OutgoingBody(OutgoingBody { outlet, .. }) = objects::remove(object) {
        exchange::abandon(outlet);
        exchange::leave(outlet);
    }
}
