//! wasi-threads: how a thread starts, and how it ends.
//!
//! A thread is a new instantiation of the program's modules that shares their memories. It has one
//! mapping of its own, which it gives back itself when it ends:
//!
//! ```text
//! | guard | guest's stack | our stack | handlers' stack | record | own area |
//! ```
//!
//! What record and own area are is told in [`crate::guest::thread`].

use super::p1::errno::Errno;
use crate::arch;
use crate::boot::image::program;
use crate::guest::stacks::{self, Stacks};
use crate::guest::thread::{self, RECORD, Thread};
use crate::guest::trap;
use crate::store::{instance, payloads, table};
use crate::sys::{mm, signal, thread as sys};
use core::sync::atomic::Ordering::Relaxed;
use wasmc_abi::layout::{MemoryState, Program, TableState, Threads};

/// The stack on which the runtime starts and ends a thread, and reports its traps.
const OUR_STACK: usize = 32 * 1024;

/// Starts a thread: its number, from 1 to 2^29 - 1, or a negative errno.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn wasmc_thread_spawn(_: *const MemoryState, start_arg: i32) -> i32 {
    trap::ensure_headroom();
    match spawn(start_arg as u32) {
        Ok(tid) => tid,
        Err(errno) => -i32::from(Errno::from(errno).code()),
    }
}

fn spawn(start_arg: u32) -> Result<i32, rustix::io::Errno> {
    let program = program();
    let threads = thread::threads(program).ok_or(rustix::io::Errno::NOSYS)?;
    let bytes = RECORD + threads.own_area_size as usize;
    let stacks = Stacks::map(program.stack_size, OUR_STACK, bytes)?;
    let area = stacks.extra + RECORD;
    // SAFETY: the mapping is new and nobody else's; it is given up by the thread, or below.
    unsafe {
        thread::fill(threads, area);
        let thread: &'static Thread = &*core::ptr::with_exposed_provenance(stacks.extra);
        thread.itself.store(stacks.extra, Relaxed);
        thread.own_area.store(area, Relaxed);
        thread.mapping.store(stacks.mapping, Relaxed);
        thread.mapped.store(stacks.mapped, Relaxed);
        thread.handlers.store(stacks.handlers, Relaxed);
        thread.start_arg.store(start_arg, Relaxed);
        stacks.remember(thread);
        let result = make_tables(program, area).and_then(|()| {
            let tid = thread.tid.as_ptr();
            sys::start(stacks.our_top, tid, stacks.extra, run)
        });
        if result.is_err() {
            unmap_parts(threads, area);
            mm::unmap(stacks.mapping, stacks.mapped);
        }
        result
    }
}

/// What the kernel starts a thread with, on its own stack.
unsafe extern "C" fn run(thread: &'static Thread) -> ! {
    let program = program();
    // SAFETY: this part of the mapping serves nothing else.
    unsafe {
        let handlers = thread.handlers.load(Relaxed);
        signal::set_alternate_stack(handlers as *mut u8, stacks::handler_stack());
    }
    // SAFETY: the compiler has written these records.
    for instance in unsafe { program.instances.get() } {
        if let Err(trap) = instance::start_in_thread(instance) {
            trap::report(trap);
        }
    }
    if let Some(threads) = thread::threads(program) {
        let (tid, start_arg) = (thread.tid.load(Relaxed), thread.start_arg.load(Relaxed));
        let mut values = [[u64::from(tid), 0], [u64::from(start_arg), 0]];
        // SAFETY: the compiler has written the function and the trampoline of its signature.
        let result = unsafe {
            trap::enter(
                threads.trampoline.function(),
                threads.code.get(),
                values.as_mut_ptr(),
            )
        };
        if let Err(trap) = result {
            trap::report(trap);
        }
        // SAFETY: no code of the guest runs on this thread any more.
        unsafe { unmap_parts(threads, thread.own_area.load(Relaxed)) };
    }
    let (mapping, mapped) = (thread.mapping.load(Relaxed), thread.mapped.load(Relaxed));
    // No handler may run on a stack that is gone.
    signal::block_all();
    // SAFETY: the mapping is this thread's, which does not return to it.
    unsafe { arch::unmap_and_exit(mapping, mapped) }
}

/// Creates and fills the tables of a new thread.
///
/// # Safety
/// `area` must be filled, and nothing use it.
unsafe fn make_tables(program: &'static Program, area: usize) -> Result<(), rustix::io::Errno> {
    // SAFETY: the compiler has written these records; the area is as the caller vouches.
    unsafe {
        for instance in program.instances.get() {
            instance::make_tables(instance, area)?;
        }
    }
    Ok(())
}

/// Gives back what a thread has of its own outside its own area: tables that grow, and payloads.
///
/// # Safety
/// Nothing may use it any more.
unsafe fn unmap_parts(threads: &'static Threads, area: usize) {
    // SAFETY: the compiler has written the template's tables, and the area is a copy of it.
    unsafe {
        for table in threads.tables.get() {
            let own = thread::own((&raw const *table).cast(), area);
            table::unmap(&*own.cast::<TableState>());
        }
        if !threads.pool.is_null() {
            payloads::unmap(thread::own(threads.pool.get().cast(), area).cast());
        }
    }
}
