//! How does the guest answer a request, and what becomes of its instance?

use super::clock;
use crate::confine;
use crate::guest::handles::Component;
use crate::guest::{calls, trap};
use crate::host::heap;
use crate::host::http::exchange;
use crate::output;
use crate::store::instance;
use crate::store::renewal::Pristine;
use crate::wasi::p2;
use wasmc_abi::component::Server;
use wasmc_abi::layout::{Entry, Program};
use wasmc_abi::p2::Resource;
use wasmc_abi::traps::Trap;

/// The instances of a worker.
pub struct Instances {
    program: &'static Program,
    server: &'static Server,
    pristine: Pristine,
    /// Requests that they answer before there are new ones.
    reuse: u64,
    /// Requests that they have answered.
    answered: u64,
    /// Whether a trap has left them as they should not be.
    broken: bool,
    /// Whether they cannot be made anew: the process ends.
    used_up: bool,
}

impl Instances {
    /// Makes them, or ends the process.
    pub fn make(program: &'static Program, server: &'static Server, reuse: u64) -> Instances {
        let Some(pristine) = Pristine::keep(server) else {
            output::fail("no memory for the state of the program");
        };
        p2::poll::before_waiting(exchange::send_before_waiting);
        super::super::prepare::make_heap(program);
        // SAFETY: the compiler has written these records.
        for made in unsafe { program.instances.get() } {
            if let Err(failure) = instance::instantiate_first(made, confine::enforce) {
                instance::report(made, failure);
            }
        }
        Instances {
            program,
            server,
            pristine,
            reuse,
            answered: 0,
            broken: false,
            used_up: false,
        }
    }

    /// Whether the process has to end, because they cannot be made anew.
    pub fn is_used_up(&self) -> bool {
        self.used_up
    }

    /// Makes them anew, if it is time for that.
    pub fn renew(&mut self) {
        if self.answered < self.reuse && !self.broken {
            return;
        }
        self.answered = 0;
        self.broken = false;
        // Objects and payloads of exceptions lie where nothing empties it.
        if !self.program.parts.make_heap.is_null() || !self.program.landings.is_null() {
            self.used_up = true;
            return;
        }
        p2::forget_objects();
        heap::forget_all();
        calls::forget_all();
        // SAFETY: `make` has made them, and no guest runs.
        let renewed = unsafe { self.pristine.renew() };
        // What succeeded once is refused now: another process starts with nothing.
        self.used_up = renewed.is_err();
    }

    /// Calls the function of the guest that answers requests.
    fn call(&mut self) -> Result<(), Trap> {
        // SAFETY: the compiler has written the instance's state, which this thread alone uses.
        let component = unsafe { Component::new(self.server.component.get()) };
        let request = component.add(
            Resource::IncomingRequest as u32,
            p2::http::incoming::request(),
        );
        let outparam = component.add(
            Resource::ResponseOutparam as u32,
            p2::http::answer::outparam(),
        );
        let mut values = [[request.into(), 0], [outparam.into(), 0]];
        enter(&self.program.entry, &mut values)?;
        if !self.server.post_return.code.is_null() {
            return component.without_leave(|| enter(&self.server.post_return, &mut [[0; 2]]));
        }
        Ok(())
    }
}

/// Calls a function of the guest.
fn enter(entry: &'static Entry, values: &mut [[u64; 2]]) -> Result<(), Trap> {
    // SAFETY: the compiler has written a function and the trampoline of its signature.
    unsafe {
        trap::enter(
            entry.trampoline.function(),
            entry.code.get(),
            values.as_mut_ptr(),
        )
    }
}

/// Lets the guest answer the request that was received, until this time at most; answers in its place if
/// it does not.
pub fn answer(instances: &mut Instances, deadline: u64) {
    instances.answered += 1;
    clock::start(deadline);
    let called = instances.call();
    clock::stop();
    match called {
        Ok(()) => {}
        Err(trap) => {
            instances.broken = true;
            if trap != Trap::Exited {
                trap::log(trap);
            }
        }
    }
    exchange::refuse(match called {
        Err(Trap::Interrupted) => 504,
        Err(_) => 500,
        Ok(()) => exchange::missing_status(),
    });
}
