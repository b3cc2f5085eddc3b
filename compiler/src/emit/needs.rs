//! What does the program need of the kernel once its guest runs?

use wasmc_abi::builtins::Builtin;
use wasmc_abi::confine::Needs;
use wasmc_abi::layout::{SLOT0_AARCH64, SLOT0_X86_64};
use wasmc_abi::wasi;

use super::text::Text;
use crate::index::MemoryId;
use crate::program::{Main, Program, Step, Strategy};
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
    needs = needs.and(match program.main {
        Main::Command { .. } => Needs::NONE,
        Main::Invoke { .. } => Needs::OUTPUT,
        Main::Script(_) => Needs::OUTPUT.and(Needs::INSTANTIATE),
    });
    if instantiates_after_guest_code(program) {
        needs = needs.and(Needs::INSTANTIATE);
    }
    needs
}

fn of_growing_memories(program: &Program<'_>) -> Needs {
    let growing = program.live.uses.memories_grown.iter();
    growing.fold(Needs::NONE, |needs, memory| {
        needs.and(match program.places.memories[memory].strategy {
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
    let steps = program.steps.of_instances.values().flatten();
    let mut after_call = steps.skip_while(|step| !matches!(step, Step::Call { .. }));
    after_call.any(|step| !matches!(step, Step::Call { .. }))
}

/// Whether a memory is mapped a second time at the guest's own addresses: for debuggers, and only if
/// that happens before the kernel confines the program.
pub(super) fn is_aliased(program: &Program<'_>, id: MemoryId) -> bool {
    let place = &program.places.memories[id];
    program.tracked.is_some()
        && place.strategy == Strategy::Guarded
        && !program.world.memories[id].ty.memory64
        && (place.base == SLOT0_X86_64 || place.base == SLOT0_AARCH64)
        && !matches!(program.main, Main::Script(_))
        && !instantiates_after_guest_code(program)
}
