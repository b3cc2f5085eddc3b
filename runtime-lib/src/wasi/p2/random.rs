//! `wasi:random`: bytes that nobody can foretell. The insecure ones are as good.

use crate::guest::call::Call;
use crate::guest::trap;
use crate::sys::io;
use wasmc_abi::p2_layout::{LIST, PAIR};
use wasmc_abi::traps::Trap;

/// Gives so many random bytes of cryptographic quality.
pub fn get_random_bytes(call: &Call<'_>, len: u64, ret: u32) {
    let place = call.place(ret, LIST.size, LIST.align);
    // More than a list can have traps.
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    let (address, bytes) = call.allocate(len, 1);
    if io::random(bytes.bytes.io_vec()).is_err() {
        no_random_bytes();
    }
    place.put(0, address);
    place.put(4, len);
}

/// Gives a random number of cryptographic quality.
pub fn get_random_u64(_: &Call<'_>) -> u64 {
    number()
}

/// Gives so many random bytes.
pub fn get_insecure_random_bytes(call: &Call<'_>, len: u64, ret: u32) {
    get_random_bytes(call, len, ret);
}

/// Gives a random number.
pub fn get_insecure_random_u64(_: &Call<'_>) -> u64 {
    number()
}

/// Gives two random numbers, which differ from run to run.
pub fn insecure_seed(call: &Call<'_>, ret: u32) {
    let place = call.place(ret, PAIR.size, PAIR.align);
    place.put(0, number());
    place.put(8, number());
}

fn number() -> u64 {
    let mut bytes = [0; 8];
    if io::random_bytes(&mut bytes).is_err() {
        no_random_bytes();
    }
    u64::from_le_bytes(bytes)
}

/// A system without random bytes: the interface has no error for it, and predictable ones would be
/// worse than an end.
#[cold]
fn no_random_bytes() -> ! {
    trap::raise(Trap::NoRandomBytes)
}
