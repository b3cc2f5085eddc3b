//! In which order does a program start, once its main function runs?

use crate::boot::process::Process;
use crate::boot::{cpu, image};
use crate::guest::trap;
use crate::host::system;
use crate::store::instance;
use crate::{confine, limits, options};
use wasmc_abi::layout::{Entry, Program};

/// Everything before the entry of a program: options, system interface, instances, confinement,
/// `_initialize`.
pub fn prepare(program: &'static Program, process: &Process) {
    options::init(process);
    trap::init(program, process);
    cpu::check(program);
    image::guard_branches(program);
    limits::init(program);
    system::init(program, process);
    make_heap(program);
    // SAFETY: the compiler has written these records.
    for instance in unsafe { program.instances.get() } {
        if let Err(failure) = instance::instantiate(instance, confine::enforce) {
            instance::report(instance, failure);
        }
    }
    confine::enforce();
    // Beyond this point the process can do what the program can need, and nothing else.

    call_entry(&program.initialize, &mut []);
}

/// Maps the heap, in programs that have one.
pub fn make_heap(program: &'static Program) {
    let make = &program.parts.make_heap;
    if make.is_null() {
        return;
    }
    // SAFETY: the compiler has written the record, and the address of `wasmc_make_heap`, so that it
    // is only part of programs with heap types.
    unsafe { make.function()(&*program.heap.get()) }
}

/// Calls a function of the guest if there is one; a trap is reported and ends the process.
pub fn call_entry(entry: &'static Entry, values: &mut [[u64; 2]]) {
    if entry.code.is_null() {
        return;
    }
    // SAFETY: the compiler has written a function and the trampoline of its signature.
    let result = unsafe {
        trap::enter(
            entry.trampoline.function(),
            entry.code.get(),
            values.as_mut_ptr(),
        )
    };
    if let Err(trap) = result {
        trap::report(trap);
    }
}
