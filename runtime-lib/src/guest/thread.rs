//! What does each thread of the guest (wasi-threads) have of its own?
//!
//! The record ([`Thread`]) is what the thread pointer of the processor refers to; its own area
//! ([`Threads`]) is what compiled code reaches through its pinned register. Nothing but a thread
//! itself uses either, so that there is no list of threads and no lock.
//!
//! In programs that start no threads there is one record and no thread pointer.

use crate::boot::image::program;
use crate::sys::{auxiliary, mm};
use crate::{arch, mem, output};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use wasmc_abi::layout::{Program, Threads};

/// What the runtime knows of a thread; all zero before it runs code of the guest. Aligned as
/// [`symbols::STATE_ALIGNMENT`](wasmc_abi::symbols::STATE_ALIGNMENT) asks for.
#[repr(C, align(64))]
pub struct Thread {
    /// Its own address, which x86-64 cannot read otherwise.
    pub itself: AtomicUsize,
    /// Address of its own area; 0 in a program that starts no threads.
    pub own_area: AtomicUsize,
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
    pub mapping: AtomicUsize,
    pub mapped: AtomicUsize,
    /// Where signal handlers run.
    pub handlers: AtomicUsize,
    /// Its number, and what it was given by the thread that started it.
    pub tid: AtomicU32,
    pub start_arg: AtomicU32,
}

/// Bytes of a record; the own area follows.
pub const RECORD: usize = 128;

const _: () = assert!(size_of::<Thread>() <= RECORD);

impl Thread {
    const fn new() -> Thread {
        Thread {
            itself: AtomicUsize::new(0),
            own_area: AtomicUsize::new(0),
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
    let Some(threads) = threads(program) else {
        return;
    };
    // SAFETY: the compiler has written the address of the function below, so that it is only part
    // of programs that start threads.
    let init = unsafe { threads.init.function() };
    init(threads);
}

/// See [`Threads::init`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn wasmc_threads_init(threads: &'static Threads) {
    // What is found out once must be known before there is a second thread.
    auxiliary::share();
    let Ok(area) = mm::map(threads.own_area_size as usize) else {
        output::fail("no memory for the globals and tables of the main thread");
    };
    // SAFETY: the area was just mapped.
    unsafe { fill(threads, area) };
    MAIN.own_area.store(area, Relaxed);
    let address = (&raw const MAIN).expose_provenance();
    MAIN.itself.store(address, Relaxed);
    // SAFETY: nothing uses the thread pointer yet.
    unsafe { arch::set_thread_pointer(address) };
    THREADED.store(true, Relaxed);
}

/// The record of a program that starts threads.
pub fn threads(program: &'static Program) -> Option<&'static Threads> {
    // SAFETY: the compiler has written the record or null.
    unsafe { program.threads.get().as_ref() }
}

/// What stands in `area` for what `pointer` refers to, if that is a part of every own area.
pub fn own(pointer: *const u8, area: usize) -> *mut u8 {
    if let Some(threads) = threads(program()) {
        let template = &threads.template;
        let offset = (pointer as usize).wrapping_sub(template.ptr.get() as usize);
        if offset < template.len as usize {
            return core::ptr::with_exposed_provenance_mut(area + offset);
        }
    }
    pointer.cast_mut()
}

/// Makes an own area what it is at first.
///
/// # Safety
/// `area` must have an own area's zeroed bytes.
pub unsafe fn fill(threads: &'static Threads, area: usize) {
    // SAFETY: as the caller vouches.
    unsafe {
        let template = threads.template.get();
        mem::memcpy(area as *mut u8, template.as_ptr(), template.len());
    }
}
