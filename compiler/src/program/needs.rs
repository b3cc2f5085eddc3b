//! What does the program need of the kernel once its guest runs?
//!
//! This is decided here once: the runtime's filter, the note of the executable and `wasmc inspect`
//! all come from it. It looks at what live code does; nothing that the code generator leaves out
//! afterwards makes it smaller, so that it is the same on every target and at every level of
//! optimisation.

use wasmc_abi::builtins::Builtin;
use wasmc_abi::confine::Needs;
use wasmc_abi::p2::Resource;

use super::entry::Roots;
use super::live::Live;
use super::places::{Places, Strategy};
use super::steps::Steps;
use super::world::{FuncKind, World};

/// What the program needs.
pub(super) fn needs(
    world: &World<'_>,
    roots: &Roots,
    live: &Live,
    steps: &Steps,
    places: &Places,
) -> Needs {
    let of_functions = live.funcs.iter().map(|func| match world.funcs[func].kind {
        FuncKind::Wasi { function, .. } => Needs::of_function(function),
        FuncKind::Host { function, record } => {
            let dropped = record.and_then(|record| world.components.dropped(record));
            function
                .needs
                .and(dropped.map_or(Needs::NONE, Resource::needs))
        }
        FuncKind::Defined { .. } => Needs::NONE,
    });
    let grown = live.uses.memories_grown.iter();
    let of_memories = grown.map(|memory| match places.memories[memory].strategy {
        Strategy::Guarded if places.memories[memory].aliased => {
            Needs::GROW_GUARDED.and(Needs::GROW_ALIASED)
        }
        Strategy::Guarded => Needs::GROW_GUARDED,
        Strategy::Checked(_) => Needs::GROW_MAPPED,
    });
    let uses = &live.uses;
    let builtins = [
        (!uses.tables_grown.is_empty(), Builtin::table_grow),
        // What fits into a reference needs no place.
        (
            uses.keeps_exceptions && places.payloads.is_some(),
            Builtin::keep_payload,
        ),
        (world.types.has_objects(), Builtin::gc_allocate),
        (uses.notifies, Builtin::memory_notify),
        (uses.waits, Builtin::memory_wait32),
        (uses.waits, Builtin::memory_wait64),
    ];
    let called = builtins.into_iter().filter(|(is_called, _)| *is_called);
    let of_builtins = called.map(|(_, builtin)| Needs::of_builtin(builtin));
    let of_start = match steps.maps_after_guest_code() {
        true => Needs::INSTANTIATE,
        false => Needs::NONE,
    };
    of_functions
        .chain(of_memories)
        .chain(of_builtins)
        .fold(Needs::ALWAYS.and(roots.needs).and(of_start), Needs::and)
}

#[cfg(test)]
mod tests {
    use crate::features::Features;
    use crate::options::{Emit, Options};
    use crate::provenance;
    use crate::{InstanceSpec, compile_program};

    use super::*;

    /// The needs by the note of an object of these modules, each of which may import from those
    /// before it by `a`, `b` and so on; beside those that every program has.
    fn needs_of(modules: &[&str], options: &Options) -> Needs {
        let bytes: Vec<_> = modules
            .iter()
            .map(|text| wat::parse_str(text).unwrap())
            .collect();
        let names = ["a", "b", "c"];
        let instances: Vec<_> = bytes
            .iter()
            .enumerate()
            .map(|(position, module)| {
                let imports = (0..position).map(|at| (names[at].to_owned(), at));
                InstanceSpec::new(names[position], module).imports(imports.collect())
            })
            .collect();
        let options = Options {
            emit: Emit::Obj,
            features: Features::complete(),
            ..options.clone()
        };
        let object = compile_program(&instances, &options).unwrap().bytes;
        let note = provenance::read(&object).unwrap().unwrap();
        let needs = provenance::needs(&note).unwrap();
        assert!(needs.contains(Needs::ALWAYS));
        needs.without(Needs::ALWAYS)
    }

    fn needs_of_one(text: &str) -> Needs {
        needs_of(&[text], &Options::default())
    }

    #[test]
    fn only_what_is_live_counts() {
        let grow = "(memory 1 9) (func $grow (drop (memory.grow (i32.const 1))))";
        let start = |body: &str| format!("(module {grow} (func (export \"_start\") {body}))");
        assert_eq!(needs_of_one(&start("")), Needs::NONE);
        assert_eq!(needs_of_one(&start("call $grow")), Needs::GROW_GUARDED);
        let unused = "(module (import \"wasi_snapshot_preview1\" \"fd_read\"
              (func (param i32 i32 i32 i32) (result i32)))
            (func (export \"_start\")))";
        assert_eq!(needs_of_one(unused), Needs::NONE);
        // A table that is read makes live what is in it.
        let through_table = "(module
            (import \"wasi_snapshot_preview1\" \"sched_yield\" (func $yield (result i32)))
            (table 1 funcref) (elem (i32.const 0) func $yield)
            (func (export \"_start\") (drop (call_indirect (result i32) (i32.const 0)))))";
        assert_eq!(needs_of_one(through_table), Needs::YIELD);
    }

    #[test]
    fn memories_grow_as_they_are_placed() {
        let text = "(module (memory 1 9) (func (export \"_start\")
            (drop (memory.grow (i32.const 1)))))";
        let checked = Options {
            bounds_checks: true,
            ..Options::default()
        };
        assert_eq!(needs_of(&[text], &checked), Needs::GROW_MAPPED);
        let wide = text
            .replace("(memory 1", "(memory i64 1")
            .replace("i32.const", "i64.const");
        assert_eq!(needs_of_one(&wide), Needs::GROW_MAPPED);
    }

    #[test]
    fn operators_have_needs() {
        let body = |declared: &str, body: &str| {
            let text = format!("(module {declared} (func (export \"_start\") {body}))");
            needs_of_one(&text)
        };
        let grow = "(drop (table.grow (ref.null func) (i32.const 1)))";
        assert_eq!(body("(table 1 funcref)", grow), Needs::GROW_MAPPED);
        let notify = "(drop (memory.atomic.notify (i32.const 0) (i32.const 1)))";
        assert_eq!(body("(memory 1 1 shared)", notify), Needs::FUTEX);
        let wait = "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))";
        let waiting = Needs::FUTEX.and(Needs::CLOCK);
        assert_eq!(body("(memory 1 1 shared)", wait), waiting);
        // What is thrown and caught in passing needs no place; what is referred to does, if it is
        // larger than a reference.
        let catch = |clause: &str, drops: &str| {
            format!(
                "(block $h (result {drops}) (try_table ({clause} $h) (throw $e (i64.const 1))) \
                 unreachable) drop"
            )
        };
        let tag = "(tag $e (param i64))";
        assert_eq!(body(tag, &catch("catch $e", "i64")), Needs::NONE);
        assert_eq!(
            body(tag, &catch("catch_all_ref", "exnref")),
            Needs::GROW_MAPPED
        );
        let small = "(tag $e (param i32))";
        let catch = catch("catch_all_ref", "exnref").replace("i64.const", "i32.const");
        assert_eq!(body(small, &catch), Needs::NONE);
    }

    #[test]
    fn what_starts_later_maps_later() {
        let library = "(module (func $s) (start $s) (func (export \"f\")))";
        let quiet = "(module (func (export \"f\")))";
        let main = "(module (import \"a\" \"f\" (func)) (memory 1) (func (export \"_start\")))";
        let options = Options::default();
        assert_eq!(needs_of(&[library, main], &options), Needs::INSTANTIATE);
        assert_eq!(needs_of(&[quiet, main], &options), Needs::NONE);
    }

    #[test]
    fn what_is_invoked_prints() {
        let options = Options {
            invoke: Some("f".to_owned()),
            ..Options::default()
        };
        let text = "(module (func (export \"f\") (result i32) i32.const 1))";
        assert_eq!(needs_of(&[text], &options), Needs::OUTPUT);
    }
}
