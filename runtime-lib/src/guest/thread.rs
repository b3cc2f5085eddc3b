//! Threads of the guest (wasi-threads): what each has of its own, how one starts, how it ends.
//!
//! A thread is a new instantiation of the program's modules that shares their memories. It has one
//! mapping of its own, which it gives back itself when it ends:
//!
//! ```text
//! | guard | guest's stack | our stack | handlers' stack | record | block |
//! ```
//!
//! The record ([`Thread`]) is what the thread pointer of the processor refers to; the block
//! ([`Threads`]) is what compiled code reaches through its pinned register. Nothing but a thread
//! itself uses either, so that there is no list of threads and no lock.
//!
//! In programs that start no threads there is one record and no thread pointer.

use crate::boot::start::{self, program, trampoline};
use crate::guest::trap::{self, Stacks};
use crate::store::memory;
use crate::store::{payloads, table};
use crate::sys::{mm, signal, thread as sys};
use crate::wasi::p1::errno::Errno;
use crate::{arch, mem, output};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use wasmc_abi::layout::{Instance, MemoryState, Program, TableState, Threads};

/// What the runtime knows of a thread; all zero before it runs code of the guest. Aligned as
/// [`symbols::STATE_ALIGNMENT`](wasmc_abi::symbols::STATE_ALIGNMENT) asks for.
#[repr(C, align(64))]
pub struct Thread {
    /// Its own address, which x86-64 cannot read otherwise.
    itself: AtomicUsize,
    /// Address of its block; 0 in a program that starts no threads.
    pub block: AtomicUsize,
    /// Lowest byte of the guest's stack; its guard lies below.
    pub stack_low: AtomicUsize,
    /// End of the guest's stack.
    pub stack_top: AtomicUsize,
    /// Stack pointer at which a runtime function has too little stack left.
    pub headroom: AtomicUsize,
    /// See [`arch::enter`]; 0 when no guest runs.
    pub recovery: AtomicUsize,
    /// Where the last trap happened.
    pub pc: AtomicUsize,
    pub sp: AtomicUsize,
    pub fp: AtomicUsize,
    pub lr: AtomicUsize,
    /// The id of the tag of the exception that nothing caught last.
    pub tag: AtomicUsize,
    /// Its mapping: address and bytes.
    mapping: AtomicUsize,
    mapped: AtomicUsize,
    /// Where signal handlers run.
    handlers: AtomicUsize,
    /// Its number, and what it was given by the thread that started it.
    tid: AtomicU32,
    start_arg: AtomicU32,
}

/// Bytes of a record; the block follows.
const RECORD: usize = 128;
/// The stack on which the runtime starts and ends a thread, and reports its traps.
const OUR_STACK: usize = 32 * 1024;

const _: () = assert!(size_of::<Thread>() <= RECORD);

impl Thread {
    const fn new() -> Thread {
        Thread {
            itself: AtomicUsize::new(0),
            block: AtomicUsize::new(0),
            stack_low: AtomicUsize::new(0),
            stack_top: AtomicUsize::new(0),
            headroom: AtomicUsize::new(0),
            recovery: AtomicUsize::new(0),
            pc: AtomicUsize::new(0),
            sp: AtomicUsize::new(0),
            fp: AtomicUsize::new(0),
            lr: AtomicUsize::new(0),
            tag: AtomicUsize::new(0),
            mapping: AtomicUsize::new(0),
            mapped: AtomicUsize::new(0),
            handlers: AtomicUsize::new(0),
            tid: AtomicU32::new(0),
            start_arg: AtomicU32::new(0),
        }
    }
}

/// The thread that the program starts with. With the data that every program touches, not among
/// large zeros.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static MAIN: Thread = Thread::new();
/// Whether thread pointers are set.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static THREADED: AtomicBool = AtomicBool::new(false);

/// The running thread. For signal handlers too.
#[inline(always)]
pub fn current() -> &'static Thread {
    if THREADED.load(Relaxed) {
        // SAFETY: every thread has the address of its record in its thread pointer from its
        // beginning on, and the record outlives what it runs.
        unsafe { &*core::ptr::with_exposed_provenance(arch::thread_pointer()) }
    } else {
        &MAIN
    }
}

/// Called once, before instantiation: makes it possible to start threads, if the program does.
pub fn init(program: &'static Program) {
    type Init = extern "C" fn(&'static Threads);
    let Some(threads) = threads(program) else {
        return;
    };
    // SAFETY: the compiler has written the address of the function below, so that it is only part
    // of programs that start threads.
    let init = unsafe { core::mem::transmute::<*const u8, Init>(threads.init.get()) };
    init(threads);
}

/// See [`Threads::init`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn wasmc_threads_init(threads: &'static Threads) {
    // What is found out once must be known before there is a second thread.
    start::share_auxiliary_vector();
    let Ok(block) = mm::map(threads.block_size as usize) else {
        output::fail("no memory for the globals and tables of the main thread");
    };
    // SAFETY: the block was just mapped.
    unsafe { fill(threads, block) };
    MAIN.block.store(block, Relaxed);
    let address = (&raw const MAIN).expose_provenance();
    MAIN.itself.store(address, Relaxed);
    // SAFETY: nothing uses the thread pointer yet.
    unsafe { arch::set_thread_pointer(address) };
    THREADED.store(true, Relaxed);
}

/// The record of a program that starts threads.
pub fn threads(program: &'static Program) -> Option<&'static Threads> {
    // SAFETY: the compiler has written the record or null.
    unsafe { program.threads.get().cast::<Threads>().as_ref() }
}

/// What stands in `block` for what `pointer` refers to, if that is a part of every block.
pub fn own(pointer: *const u8, block: usize) -> *mut u8 {
    if let Some(threads) = threads(program()) {
        let template = &threads.template;
        let offset = (pointer as usize).wrapping_sub(template.ptr.get() as usize);
        if offset < template.len as usize {
            return core::ptr::with_exposed_provenance_mut(block + offset);
        }
    }
    pointer.cast_mut()
}

/// Makes a block what it is at first.
///
/// # Safety
/// `block` must have a block's zeroed bytes.
unsafe fn fill(threads: &'static Threads, block: usize) {
    // SAFETY: as the caller vouches.
    unsafe {
        let template = threads.template.get::<u8>();
        mem::memcpy(block as *mut u8, template.as_ptr(), template.len());
    }
}

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
    let threads = threads(program).ok_or(rustix::io::Errno::NOSYS)?;
    let bytes = RECORD + threads.block_size as usize;
    let stacks = Stacks::map(program.stack_size, OUR_STACK, bytes)?;
    let block = stacks.extra + RECORD;
    // SAFETY: the mapping is new and nobody else's; it is given up by the thread, or below.
    unsafe {
        fill(threads, block);
        let thread: &'static Thread = &*core::ptr::with_exposed_provenance(stacks.extra);
        thread.itself.store(stacks.extra, Relaxed);
        thread.block.store(block, Relaxed);
        thread.mapping.store(stacks.mapping, Relaxed);
        thread.mapped.store(stacks.mapped, Relaxed);
        thread.handlers.store(stacks.handlers, Relaxed);
        thread.start_arg.store(start_arg, Relaxed);
        stacks.remember(thread);
        let result = make_tables(program, block).and_then(|()| {
            let tid = thread.tid.as_ptr();
            sys::start(stacks.our_top, tid, stacks.extra, run)
        });
        if result.is_err() {
            unmap_parts(threads, block);
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
        signal::set_alternate_stack(handlers as *mut u8, trap::handler_stack());
    }
    // SAFETY: the compiler has written these records.
    for instance in unsafe { program.instances.get::<Instance>() } {
        if let Err(trap) = memory::start_in_thread(instance) {
            trap::report(trap);
        }
    }
    if let Some(threads) = threads(program) {
        let (tid, start_arg) = (thread.tid.load(Relaxed), thread.start_arg.load(Relaxed));
        let mut values = [[u64::from(tid), 0], [u64::from(start_arg), 0]];
        // SAFETY: the compiler has written the function and the trampoline of its signature.
        let result = unsafe {
            trap::enter(
                trampoline(&threads.trampoline),
                threads.code.get(),
                values.as_mut_ptr(),
            )
        };
        if let Err(trap) = result {
            trap::report(trap);
        }
        // SAFETY: no code of the guest runs on this thread any more.
        unsafe { unmap_parts(threads, thread.block.load(Relaxed)) };
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
/// `block` must be filled, and nothing use it.
unsafe fn make_tables(program: &'static Program, block: usize) -> Result<(), rustix::io::Errno> {
    // SAFETY: the compiler has written these records; the block is as the caller vouches.
    unsafe {
        for instance in program.instances.get::<Instance>() {
            memory::make_tables(instance, block)?;
        }
    }
    Ok(())
}

/// Gives back what a thread has of its own outside its block: tables that grow, and payloads.
///
/// # Safety
/// Nothing may use it any more.
unsafe fn unmap_parts(threads: &'static Threads, block: usize) {
    // SAFETY: the compiler has written the template's tables, and the block is a copy of it.
    unsafe {
        for table in threads.tables.get::<TableState>() {
            let own = own((&raw const *table).cast(), block);
            table::unmap(&*own.cast::<TableState>());
        }
        if !threads.pool.is_null() {
            payloads::unmap(own(threads.pool.get(), block).cast());
        }
    }
}
