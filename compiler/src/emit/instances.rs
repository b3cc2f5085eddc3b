//! The records of what instantiation does, and of what a spec-suite driver does.

use wasmc_abi::layout::{InitStep, InitStepKind, Instance, NewInitStep, NewInstance};
use wasmc_abi::pointer::Any;
use wasmc_abi::script::{NewScriptCommand, ScriptCommand, ScriptCommandKind};
use wasmc_abi::write::{Array, Blob, Place, Pointer, Section};

use super::addresses::Context;
use super::functions::Names;
use crate::program::{ScriptStep, Step};

/// Writes the instances with their steps.
pub(super) fn write(cx: Context<'_>, blob: &mut Blob, names: &mut Names) -> Array<Instance> {
    let steps = cx.program.steps.of_instances.values();
    let steps: Vec<_> = steps
        .map(|steps| blob.array::<InitStep>(steps.iter().map(|step| step_of(cx, step))))
        .collect();
    let records = cx
        .program
        .world
        .instances
        .values()
        .zip(steps)
        .map(|(instance, steps)| {
            let (name, name_len) = names.add(&instance.name);
            NewInstance {
                steps,
                name,
                name_len,
            }
        });
    blob.array(records)
}

fn step_of(cx: Context<'_>, step: &Step) -> NewInitStep {
    let program = cx.program;
    // What a step has none of.
    let step_on = |kind, target: Place<Any>, a| NewInitStep {
        kind,
        target: target.into(),
        source: Pointer::Null,
        len: 0,
        a,
        b: 0,
    };
    let length = |len: usize| u32::try_from(len).expect("segments are limited");
    match *step {
        Step::CheckMemory { memory, min } => {
            step_on(InitStepKind::CheckMemory, cx.memory(memory).any(), min)
        }
        Step::CheckTable { table, min } => {
            step_on(InitStepKind::CheckTable, cx.table(table).any(), min)
        }
        Step::CreateMemory { memory, bytes } => {
            step_on(InitStepKind::CreateMemory, cx.memory(memory).any(), bytes)
        }
        Step::PlaceImage {
            memory,
            offset,
            image,
        } => {
            let start = program.steps.images[..image]
                .iter()
                .map(|image| image.len)
                .sum();
            let source: Place<Any> = Place::new(Section::Image, start);
            NewInitStep {
                source: source.into(),
                len: length(program.steps.images[image].len as usize),
                ..step_on(InitStepKind::PlaceImage, cx.memory(memory).any(), offset)
            }
        }
        Step::CreateTable { table, size, init } => NewInitStep {
            b: cx.reference(init),
            ..step_on(InitStepKind::CreateTable, cx.table(table).any(), size)
        },
        Step::InitMemory {
            memory,
            offset,
            data,
        } => {
            let len = program.world.datas[data].bytes.len();
            // A segment without bytes may have no section to point into.
            let source = cx.addresses.data(data).filter(|_| len > 0);
            NewInitStep {
                source: source.map(Place::any).into(),
                len: length(len),
                ..step_on(InitStepKind::InitMemory, cx.memory(memory).any(), offset)
            }
        }
        Step::InitTable {
            table,
            offset,
            elem,
        } => NewInitStep {
            source: cx.elem(elem).any().into(),
            len: length(program.world.elems[elem].items.len()),
            b: program.places.elem_cells[elem].is_some().into(),
            ..step_on(InitStepKind::InitTable, cx.table(table).any(), offset)
        },
        Step::Compute(instance) => {
            // It is its own trampoline.
            let code: Place<Any> = Place::new(Section::Text, cx.text.init(instance).into());
            NewInitStep {
                source: code.into(),
                ..step_on(InitStepKind::Call, code, 1)
            }
        }
        Step::Call { func, once } => NewInitStep {
            source: cx.trampoline(func).any().into(),
            ..step_on(InitStepKind::Call, cx.code(func).any(), once.into())
        },
    }
}

/// Writes the commands of a spec-suite driver, with the arguments of calls.
pub(super) fn write_script(cx: Context<'_>, blob: &mut Blob) -> Array<ScriptCommand> {
    let steps = cx.program.main.script();
    let args: Vec<_> = steps
        .iter()
        .map(|step| match step {
            ScriptStep::Invoke { args, .. } => blob.array::<u128>(args.iter().copied()),
            _ => Array::default(),
        })
        .collect();
    let commands = steps.iter().zip(args);
    blob.array(commands.map(|(step, args)| command_of(cx, step, args)))
}

fn command_of(cx: Context<'_>, step: &ScriptStep, args: Array<u128>) -> NewScriptCommand {
    let program = cx.program;
    // What a command has none of.
    let command = |kind, code: Pointer<Any>, result_count| NewScriptCommand {
        kind,
        instance: 0,
        code,
        trampoline: Pointer::Null,
        args: args.pointer(),
        arg_count: args.len(),
        result_count,
    };
    match step {
        ScriptStep::Instantiate(instance) => NewScriptCommand {
            instance: instance.as_u32(),
            ..command(ScriptCommandKind::Instantiate, Pointer::Null, 0)
        },
        ScriptStep::Invoke { func, .. } => {
            let results = program
                .world
                .types
                .func(program.world.funcs[*func].ty)
                .results()
                .len();
            let code = cx.code(*func).any().into();
            NewScriptCommand {
                trampoline: cx.trampoline(*func).into(),
                ..command(ScriptCommandKind::Invoke, code, results as u32)
            }
        }
        ScriptStep::ReadGlobal(global) => {
            let cell = program.places.globals[*global];
            let cell = cell.expect("globals that scripts read have cells");
            let cell: Place<Any> = cx.addresses.own(cell);
            command(ScriptCommandKind::ReadGlobal, cell.into(), 1)
        }
        ScriptStep::HashMemory(memory) => {
            let state = cx.memory(*memory).any();
            command(ScriptCommandKind::HashMemory, state.into(), 1)
        }
    }
}
