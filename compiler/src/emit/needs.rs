//! What does the program need of the kernel once its guest runs?

use wasmc_abi::builtins::Builtin;
use wasmc_abi::confine::Needs;
use wasmc_abi::layout::{SLOT0_AARCH64, SLOT0_X86_64};
use wasmc_abi::wasi;

use super::text::Text;
use crate::program::{Memory, Program, Step, Strategy};
use crate::translate::Symbol;

/// The needs of every function of the runtime that the code refers to, and of the program's way to
/// start.
pub(super) fn needs(program: &Program<'_>, text: &Text) -> Needs {
    let mut needs = Needs::ALWAYS;
    for reloc in &text.relocs {
        needs = needs.and(match reloc.target {
            Symbol::Wasi(index) => Needs::of_function(&wasi::FUNCTIONS[index as usize]),
            Symbol::ThreadSpawn => Needs::of_function(&wasi::THREAD_SPAWN),
            Symbol::Builtin(Builtin::memory_grow) => of_growing_memories(program),
            Symbol::Builtin(builtin) => Needs::of_builtin(builtin),
            _ => Needs::NONE,
        });
    }
    if program.invoke || program.script.is_some() {
        needs = needs.and(Needs::OUTPUT);
    }
    if program.script.is_some() || instantiates_after_guest_code(program) {
        needs = needs.and(Needs::INSTANTIATE);
    }
    needs
}

fn of_growing_memories(program: &Program<'_>) -> Needs {
    let growing = program.memories.values().filter(|memory| memory.grows);
    growing.fold(Needs::NONE, |needs, memory| {
        needs.and(match memory.strategy {
            Strategy::Guarded if is_aliased(program, memory) => {
                Needs::GROW_GUARDED.and(Needs::GROW_ALIASED)
            }
            Strategy::Guarded => Needs::GROW_GUARDED,
            Strategy::Checked => Needs::GROW_MAPPED,
        })
    })
}

/// Whether something is mapped after a start function was called.
fn instantiates_after_guest_code(program: &Program<'_>) -> bool {
    let steps = program.instances.values().flat_map(|i| i.steps.iter());
    let mut after_call = steps.skip_while(|step| !matches!(step, Step::Call { .. }));
    after_call.any(|step| !matches!(step, Step::Call { .. }))
}

/// Whether a memory is mapped a second time at the guest's own addresses: for debuggers, and only if
/// that happens before the kernel confines the program.
pub(super) fn is_aliased(program: &Program<'_>, memory: &Memory) -> bool {
    program.with_debug
        && memory.strategy == Strategy::Guarded
        && !memory.ty.memory64
        && (memory.base == SLOT0_X86_64 || memory.base == SLOT0_AARCH64)
        && program.script.is_none()
        && !instantiates_after_guest_code(program)
}
