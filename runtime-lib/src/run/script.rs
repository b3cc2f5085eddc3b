//! The driver of the spec suite: carries out the commands of a script and tells how each ended.

use super::prepare::make_heap;
use crate::boot::cpu;
use crate::boot::image;
use crate::boot::process::Process;
use crate::confine;
use crate::guest::{thread, trap};
use crate::options;
use crate::store::instance::{self, Failure};
use crate::sys::process;
use core::cell::UnsafeCell;
use core::sync::atomic::Ordering;
use wasmc_abi::layout::{Instance, MemoryState, Program, RelPtr};
use wasmc_abi::script::{ScriptCommand, ScriptCommandKind, ScriptRecord, ScriptStatus};

/// Most parameters or results of a function.
const MAX_VALUES: usize = 1000;

/// What is written for a command: the record, then values.
#[repr(C)]
struct Answer {
    record: ScriptRecord,
    values: [[u64; 2]; MAX_VALUES],
}

struct AnswerCell(UnsafeCell<Answer>);

// SAFETY: only the driver uses it, on one thread.
unsafe impl Sync for AnswerCell {}

static ANSWER: AnswerCell = AnswerCell(UnsafeCell::new(Answer {
    record: ScriptRecord {
        command: 0,
        status: ScriptStatus::Ok.variant(),
        code: 0,
        value_count: 0,
    },
    values: [[0; 2]; MAX_VALUES],
}));

/// Main function of a spec-suite driver.
///
/// # Safety
/// The arguments must be those of [`crate::boot::start::start`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_main_script(program: &'static Program, stack: *const usize) -> ! {
    // SAFETY: as the caller vouches.
    let process = unsafe { Process::new(stack) };
    trap::init(program, &process);
    cpu::check(program);
    image::guard_branches(program);
    options::init(&process);
    make_heap(program);
    confine::enforce();
    // SAFETY: the compiler has written these arrays, and nothing else uses the answer.
    unsafe {
        let instances = program.instances.get();
        let answer = &mut *ANSWER.0.get();
        for (index, command) in program.script.get().iter().enumerate() {
            let result = carry_out(command, instances, &mut answer.values);
            answer.record = record(index, result);
            // A write for each command: whatever happens later loses nothing.
            let len = size_of::<ScriptRecord>()
                + answer.record.value_count as usize * size_of::<[u64; 2]>();
            let bytes = core::slice::from_raw_parts((&raw const *answer).cast::<u8>(), len);
            if !process::write_output(bytes) {
                process::exit(1);
            }
        }
    }
    process::exit(0)
}

/// The record of a command that left a number of values, or failed.
fn record(index: usize, result: Result<usize, Failure>) -> ScriptRecord {
    let (status, code, value_count) = match result {
        Ok(count) => (ScriptStatus::Ok, 0, count),
        Err(Failure::Trap(trap)) => (ScriptStatus::Trap, trap.code(), 0),
        Err(Failure::Unlinkable(_)) => (ScriptStatus::Unlinkable, 0, 0),
        Err(Failure::Exhausted(_)) => (ScriptStatus::Exhausted, 0, 0),
    };
    ScriptRecord {
        command: index as u32,
        status: status.variant(),
        code: u32::from(code),
        value_count: value_count as u32,
    }
}

/// Carries out a command; returns how many values it has left in `values`.
///
/// # Safety
/// `command` must be as the compiler has written it.
unsafe fn carry_out(
    command: &'static ScriptCommand,
    instances: &'static [Instance],
    values: &mut [[u64; 2]; MAX_VALUES],
) -> Result<usize, Failure> {
    // SAFETY: the kind says what the command's fields refer to.
    unsafe {
        match command.kind.get() {
            Some(ScriptCommandKind::Instantiate) => {
                if let Some(instance) = instances.get(command.instance as usize) {
                    // Confined already.
                    instance::instantiate(instance, || ())?;
                }
                Ok(0)
            }
            Some(ScriptCommandKind::Invoke) => {
                let count = command.arg_count as usize;
                let results = (command.result_count as usize).min(MAX_VALUES);
                let args = values.iter_mut().take(count).enumerate();
                for (at, value) in args {
                    *value = read_value(&command.args, at);
                }
                let code = command.code.get().cast();
                trap::enter(command.trampoline.function(), code, values.as_mut_ptr())
                    .map_err(Failure::Trap)?;
                Ok(results)
            }
            Some(ScriptCommandKind::ReadGlobal) => {
                let area = thread::current().own_area.load(Ordering::Relaxed);
                let cell = thread::own(command.code.get().cast(), area).cast::<[u64; 2]>();
                values[0] = cell.read_unaligned();
                Ok(1)
            }
            Some(ScriptCommandKind::HashMemory) => {
                let memory = &*command.code.get().cast::<MemoryState>();
                values[0] = [hash(memory), memory.size];
                Ok(1)
            }
            None => Ok(0),
        }
    }
}

/// The 16-byte value at an index from where a field of the image refers to.
///
/// # Safety
/// There must be that many values.
unsafe fn read_value(pointer: &RelPtr<u128>, index: usize) -> [u64; 2] {
    // SAFETY: as the caller vouches; the alignment is whatever the compiler chose.
    unsafe { pointer.get().cast::<[u64; 2]>().add(index).read_unaligned() }
}

/// The FNV-1a hash of 64 bits of a memory's bytes.
fn hash(memory: &MemoryState) -> u64 {
    let start = memory.base as usize as *const u8;
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for at in 0..memory.size as usize {
        // SAFETY: the bytes up to the size are accessible, and no guest runs.
        let byte = unsafe { start.add(at).read() };
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    hash
}
