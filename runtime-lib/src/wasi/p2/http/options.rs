//! `request-options`: how long requests of the guest's own may take.

use super::super::messages::RequestOptions;
use super::super::objects::{self, Object};
use crate::guest::call::Call;
use crate::guest::trap;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::{self as layout};
use wasmc_abi::traps::Trap;

/// Makes options of which none is set.
pub fn request_options_new(call: &Call<'_>) -> u32 {
    let options = RequestOptions {
        connect: None,
        first_byte: None,
        between_bytes: None,
    };
    let object = objects::add(Object::RequestOptions(options), None);
    call.own(Resource::RequestOptions, object)
}

fn get(call: &Call<'_>, this: u32) -> (u32, RequestOptions) {
    let number = call.borrow(this, Resource::RequestOptions);
    (number, objects::request_options(number))
}

fn put(call: &Call<'_>, ret: u32, duration: Option<u64>) {
    let layout = layout::OPTION_DURATION;
    let place = call.place(ret, layout.size, layout.align);
    place.put(0, u8::from(duration.is_some()));
    if let Some(duration) = duration {
        place.put(layout.payload, duration);
    }
}

/// Sets one of the times, and says that it was done.
fn set(
    call: &Call<'_>,
    this: u32,
    (some, duration): (u32, u64),
    time: impl FnOnce(&mut RequestOptions) -> &mut Option<u64>,
) -> u32 {
    let (number, mut options) = get(call, this);
    *time(&mut options) = match some {
        0 => None,
        1 => Some(duration),
        _ => trap::raise(Trap::InvalidDiscriminant),
    };
    objects::set(number, Object::RequestOptions(options));
    0
}

/// Gives how long connecting may take.
pub fn request_options_connect_timeout(call: &Call<'_>, this: u32, ret: u32) {
    put(call, ret, get(call, this).1.connect);
}

/// Sets how long connecting may take.
pub fn request_options_set_connect_timeout(
    call: &Call<'_>,
    this: u32,
    duration_some: u32,
    duration: u64,
) -> u32 {
    set(call, this, (duration_some, duration), |options| {
        &mut options.connect
    })
}

/// Gives how long the answer may take to begin.
pub fn request_options_first_byte_timeout(call: &Call<'_>, this: u32, ret: u32) {
    put(call, ret, get(call, this).1.first_byte);
}

/// Sets how long the answer may take to begin.
pub fn request_options_set_first_byte_timeout(
    call: &Call<'_>,
    this: u32,
    duration_some: u32,
    duration: u64,
) -> u32 {
    set(call, this, (duration_some, duration), |options| {
        &mut options.first_byte
    })
}

/// Gives how long the answer may pause.
pub fn request_options_between_bytes_timeout(call: &Call<'_>, this: u32, ret: u32) {
    put(call, ret, get(call, this).1.between_bytes);
}

/// Sets how long the answer may pause.
pub fn request_options_set_between_bytes_timeout(
    call: &Call<'_>,
    this: u32,
    duration_some: u32,
    duration: u64,
) -> u32 {
    set(call, this, (duration_some, duration), |options| {
        &mut options.between_bytes
    })
}
