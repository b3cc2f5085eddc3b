//! `wasi:clocks`: the time, and waiting for it.

use super::objects::{self, Object};
use super::resources::Wait;
use crate::guest::call::Call;
use crate::sys::time::{self, Clock};
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::datetime;

/// The monotonic clock's time in nanoseconds.
pub fn monotonic_now(_: &Call<'_>) -> u64 {
    time::now(Clock::Monotonic)
}

/// The monotonic clock's resolution in nanoseconds.
pub fn monotonic_resolution(_: &Call<'_>) -> u64 {
    time::resolution(Clock::Monotonic)
}

/// Makes a pollable that is ready from a time of the monotonic clock on.
pub fn monotonic_subscribe_instant(call: &Call<'_>, when: u64) -> u32 {
    pollable(call, when)
}

/// Makes a pollable that is ready when this many nanoseconds have passed.
pub fn monotonic_subscribe_duration(call: &Call<'_>, when: u64) -> u32 {
    pollable(call, time::now(Clock::Monotonic).saturating_add(when))
}

fn pollable(call: &Call<'_>, deadline: u64) -> u32 {
    let object = objects::add(Object::Pollable(Wait::Until(deadline)), None);
    call.own(Resource::Pollable, object)
}

/// Gives the time since 1970.
pub fn wall_now(call: &Call<'_>, ret: u32) {
    put(call, ret, time::now(Clock::Realtime));
}

/// Gives the resolution of the clock that shows the time since 1970.
pub fn wall_resolution(call: &Call<'_>, ret: u32) {
    put(call, ret, time::resolution(Clock::Realtime));
}

fn put(call: &Call<'_>, ret: u32, nanoseconds: u64) {
    let place = call.place(ret, datetime::SIZE, datetime::ALIGN);
    place.put(datetime::SECONDS, nanoseconds / 1_000_000_000);
    place.put(datetime::NANOSECONDS, (nanoseconds % 1_000_000_000) as u32);
}
