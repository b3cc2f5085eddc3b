//! Instantiation: carrying out what the compiler has planned for an instance.

use super::shortage::{Shortage, explain};
use super::{memory, table};
use crate::boot::image::program;
use crate::guest::{thread, trap};
use crate::{mem, output};
use core::sync::atomic::Ordering;
use rustix::io::Errno;
use wasmc_abi::layout::{InitStep, InitStepKind, Instance, MemoryState, TableState, Trampoline};
use wasmc_abi::pointer::Function;
use wasmc_abi::traps::Trap;

/// Why an instance could not be made.
#[derive(Clone, Copy)]
pub enum Failure {
    /// An active segment or the start function trapped.
    Trap(Trap),
    /// An imported memory or table is smaller than required.
    Unlinkable(&'static str),
    /// The system does not give what is needed.
    Exhausted(Shortage),
}

/// Carries out the steps of an instance, in order, and `before_code` before each that runs code of
/// the guest. What was done before a failure stays done.
pub fn instantiate(instance: &'static Instance, before_code: fn()) -> Result<(), Failure> {
    let area = thread::current().own_area.load(Ordering::Relaxed);
    // SAFETY: the compiler has written these steps.
    for step in unsafe { instance.steps.get() } {
        // SAFETY: as above, and nothing runs at the same time.
        unsafe { carry_out(step, area, before_code)? };
    }
    Ok(())
}

/// As [`instantiate`], of an instance that is made [`again`](instantiate_again) later: what its memories
/// begin with stays where it is.
pub fn instantiate_first(instance: &'static Instance, before_code: fn()) -> Result<(), Failure> {
    // SAFETY: the compiler has written these steps.
    for step in unsafe { instance.steps.get() } {
        let memory = step.target.get().cast::<MemoryState>();
        let source = step.source.get().cast::<u8>();
        // SAFETY: as above, and nothing runs at the same time. The kind says what `target` and `source`
        // refer to.
        unsafe {
            match step.kind.get() {
                Some(InitStepKind::PlaceImage) => {
                    memory::place_image_to_keep(&*memory, step.a, source, step.len as usize)
                        .map_err(Failure::Exhausted)?;
                }
                _ => carry_out(step, 0, before_code)?,
            }
        }
    }
    Ok(())
}

/// Makes an instance in the place of one whose memories were [renewed](memory::renew) and whose tables
/// are as empty as new ones.
pub fn instantiate_again(instance: &'static Instance) -> Result<(), Failure> {
    // SAFETY: the compiler has written these steps.
    for step in unsafe { instance.steps.get() } {
        let memory = step.target.get().cast_mut().cast::<MemoryState>();
        // SAFETY: as in `instantiate_first`.
        unsafe {
            match step.kind.get() {
                Some(InitStepKind::CreateMemory) => (*memory).size = step.a,
                Some(InitStepKind::PlaceImage) => {}
                _ => carry_out(step, 0, || ())?,
            }
        }
    }
    Ok(())
}

/// Creates and fills an instance's tables for a thread that is to start. Memories are shared, and
/// were initialised when the program started.
///
/// # Safety
/// `area` must be the thread's, and nothing use it.
pub unsafe fn make_tables(instance: &'static Instance, area: usize) -> Result<(), Errno> {
    // SAFETY: the compiler has written these steps.
    for step in unsafe { instance.steps.get() } {
        let is_table = matches!(
            step.kind.get(),
            Some(InitStepKind::CreateTable | InitStepKind::InitTable)
        );
        // SAFETY: as above and as the caller vouches.
        if is_table && let Err(failure) = unsafe { carry_out(step, area, || ()) } {
            return Err(match failure {
                Failure::Exhausted(shortage) => shortage.errno,
                // The same steps have succeeded when the program started.
                Failure::Trap(_) | Failure::Unlinkable(_) => Errno::NOMEM,
            });
        }
    }
    Ok(())
}

/// Calls an instance's start function on a new thread.
pub fn start_in_thread(instance: &'static Instance) -> Result<(), Trap> {
    // SAFETY: the compiler has written these steps.
    for step in unsafe { instance.steps.get() } {
        if step.kind.get() == Some(InitStepKind::Call) && step.a == 0 {
            // SAFETY: as above.
            unsafe { call(step)? };
        }
    }
    Ok(())
}

/// # Safety
/// `step` must be a call as the compiler has written it.
unsafe fn call(step: &'static InitStep) -> Result<(), Trap> {
    // SAFETY: as the caller vouches.
    unsafe {
        let trampoline = step.source.to::<Function<Trampoline>>().function();
        trap::enter(trampoline, step.target.get().cast(), &mut [0; 2])
    }
}

/// # Safety
/// `step` must be as the compiler has written it, and nothing of the guest may run that uses what
/// it concerns; `area` must be that of the thread whose tables are meant.
unsafe fn carry_out(
    step: &'static InitStep,
    area: usize,
    before_code: fn(),
) -> Result<(), Failure> {
    let memory = step.target.get().cast_mut().cast::<MemoryState>();
    let table = thread::own(step.target.get().cast(), area).cast::<TableState>();
    let source = step.source.get().cast::<u8>();
    let len = step.len as usize;
    // SAFETY: the kind says what `target` and `source` refer to; the states are writable, and no
    // other reference to them exists.
    unsafe {
        match step.kind.get() {
            Some(InitStepKind::CheckMemory) => {
                if (*memory).size < step.a {
                    return Err(Failure::Unlinkable("memory"));
                }
            }
            Some(InitStepKind::CheckTable) => {
                if (*table).size < step.a {
                    return Err(Failure::Unlinkable("table"));
                }
            }
            Some(InitStepKind::CreateMemory) => {
                memory::create(&mut *memory, step.a as usize).map_err(Failure::Exhausted)?;
            }
            Some(InitStepKind::PlaceImage) => {
                memory::place_image(&*memory, step.a, source, len).map_err(Failure::Exhausted)?;
            }
            Some(InitStepKind::CreateTable) => {
                table::create(&mut *table, step.a, step.b).map_err(Failure::Exhausted)?;
            }
            Some(InitStepKind::InitMemory) => {
                memory::copy_segment(&*memory, step.a, source, len).map_err(Failure::Trap)?;
            }
            Some(InitStepKind::InitTable) => {
                let end = step.a.checked_add(u64::from(step.len));
                if end.is_none_or(|end| end > (*table).size) {
                    return Err(Failure::Trap(Trap::TableOutOfBounds));
                }
                let target = table::elements(&*table).add(step.a as usize);
                mem::memcpy(target.cast(), source, len * 8);
                if step.b != 0 {
                    mem::memset(source.cast_mut(), 0, len * 8);
                }
            }
            Some(InitStepKind::Call) => {
                before_code();
                call(step).map_err(Failure::Trap)?;
            }
            None => output::fail("unknown step of instantiation"),
        }
    }
    Ok(())
}

/// Says why an instance could not be made, and ends the process.
#[cold]
#[inline(never)]
pub fn report(instance: &'static Instance, failure: Failure) -> ! {
    let what = match failure {
        Failure::Trap(trap) => trap::report(trap),
        Failure::Unlinkable(what) => what,
        Failure::Exhausted(shortage) => explain(shortage),
    };
    // SAFETY: the compiler has written this array.
    let names = unsafe { program().names.get() };
    let name = names
        .get(instance.name as usize..)
        .and_then(|name| name.get(..instance.name_len as usize))
        .unwrap_or_default();
    let mut line = output::error();
    line.text("cannot instantiate ");
    if name.is_empty() {
        line.text("the module");
    } else {
        line.text("`").escaped(name).text("`");
    }
    line.text(": the imported ")
        .text(what)
        .text(" is smaller than required")
        .exit()
}
