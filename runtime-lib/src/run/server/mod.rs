//! The main function of a component that exports `wasi:http/incoming-handler`: a server.
//!
//! A [master](master) without code of the guest listens, and forks [workers](worker), of which each
//! serves a connection at a time; they tell it by a [board] how busy they are. A worker [answers](answer)
//! each request with an instance that nobody has used before, within a [time](clock) that the guest
//! cannot exceed, and writes of it in a [log].

mod answer;
mod board;
mod clock;
mod log;
mod master;
mod settings;
mod sockets;
mod worker;

use crate::boot::process::Process;
use crate::boot::{cpu, image};
use crate::guest::trap;
use crate::host::system;
use crate::{limits, options, output};
use wasmc_abi::component::Server;
use wasmc_abi::layout::Program;

/// Main function of a server.
///
/// # Safety
/// The arguments must be those of [`start`](crate::boot::start::start).
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_main_server(program: &'static Program, stack: *const usize) -> ! {
    // SAFETY: as the caller vouches.
    let process = unsafe { Process::new(stack) };
    // SAFETY: the compiler has written this record if the program is a server.
    let Some(server) = (unsafe { program.server.to::<Server>().get().as_ref() }) else {
        output::fail("the program is no server")
    };
    options::init(&process);
    trap::init(program, &process);
    cpu::check(program);
    image::guard_branches(program);
    limits::init(program);
    system::init(program, &process);
    let settings = settings::read();
    // Beyond this point everything that was granted is open, and there is no instance yet: workers make
    // their own.

    master::run(program, server, &settings)
}
