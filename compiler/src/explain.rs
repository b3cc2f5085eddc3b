//! The log of decisions: what was decided about a program, and why.
//!
//! Records have the targets `wasmc::parse`, `wasmc::plan`, `wasmc::codegen`, `wasmc::emit` and
//! `wasmc::link`, for the phases; `wasmc::time` has how long each took, and is the only one that is
//! not the same whenever the same is compiled. Decisions are of level `debug`, what concerns single
//! functions of level `trace`. Everything is written by the calling thread, when a phase is over.

use std::collections::BTreeMap;

use cranelift_codegen::entity::EntityRef;
use log::{Level, debug, log_enabled, trace};
use wasmc_abi::confine::Needs;

use crate::codegen::{CompiledFunc, Maker};
use crate::dump::title;
use crate::index::{InstanceId, MemoryId, TableId};
use crate::module::{Entity, Module};
use crate::names::Named;
use crate::options::Options;
use crate::program::{
    CodeItem, Elements, FuncKind, Instance, OwnPlace, Program, Strategy, WhyChecked,
};

/// What a module states.
pub(crate) fn module(instance: &str, module: &Module<'_>, bytes: usize) {
    let defined = |all: usize, imported: usize| all - imported;
    debug!(
        target: "wasmc::parse",
        "{}{bytes} bytes, {} imports; {} functions, {} memories, {} tables, {} globals, \
         {} data and {} element segments",
        prefix(instance),
        module.imports.len(),
        defined(module.funcs.len(), module.imported_funcs),
        defined(module.memories.len(), module.imported_memories),
        defined(module.tables.len(), module.imported_tables),
        defined(module.globals.len(), module.imported_globals),
        module.datas.len(),
        module.elems.len(),
    );
}

/// What was decided before there is code.
pub(crate) fn program(program: &Program<'_>, options: &Options) {
    if !log_enabled!(target: "wasmc::plan", Level::Debug) {
        return;
    }
    for (id, instance) in &program.world.instances {
        imports(program, id, instance);
    }
    functions(program);
    for id in program.world.memories.keys() {
        debug!(target: "wasmc::plan", "{}", of_memory(program, id, options));
    }
    for id in program.world.tables.keys() {
        debug!(target: "wasmc::plan", "{}", of_table(program, id));
    }
    let cells = program.places.globals.values().flatten().count();
    debug!(
        target: "wasmc::plan",
        "globals: {cells} have a cell, {} are constants of the code as nothing changes them",
        program.world.globals.len() - cells,
    );
    for (number, image) in program.steps.images.iter().enumerate() {
        debug!(
            target: "wasmc::plan",
            "initial memory {number}: {} bytes are moved into place when the program starts",
            image.len,
        );
    }
    for id in program.steps.datas.iter() {
        let why = match program.world.datas[id].mode.is_passive() {
            true => "`memory.init` reads it",
            false => "it is too small to be moved, or its place is not known",
        };
        debug!(
            target: "wasmc::plan",
            "data segment {}: {} bytes are copied: {why}",
            id.index(),
            program.world.datas[id].bytes.len(),
        );
    }
    debug!(target: "wasmc::plan", "threads: {}", match program.live.threads {
        Some(_) => "the program starts some: live code calls `thread-spawn`",
        None => "the program starts none: no live code calls `thread-spawn`",
    });
    debug!(
        target: "wasmc::plan",
        "state: {} bytes, and {} that are zero at first",
        program.places.state_len,
        program.places.zero_len,
    );
}

/// Which entity each import means.
fn imports(program: &Program<'_>, id: InstanceId, instance: &Instance<'_>) {
    for import in &instance.module.imports {
        let Entity::Func(index) = import.entity else {
            continue;
        };
        let func = &program.world.funcs[instance.funcs[index]];
        let meaning = match func.kind {
            FuncKind::Wasi { function, .. } => format!("`{}` of the runtime", function.name),
            FuncKind::Host { function, .. } => format!("`{}` of the runtime", function.name),
            FuncKind::Defined { instance, index } if instance != id => format!(
                "function {} of `{}`",
                index.index(),
                program.world.instances[instance].name.escape_debug(),
            ),
            FuncKind::Defined { index, .. } => format!("function {}", index.index()),
        };
        debug!(
            target: "wasmc::plan",
            "{}import `{}.{}` is {meaning}",
            prefix(&instance.name),
            import.module.escape_debug(),
            import.name.escape_debug(),
        );
    }
}

/// Which functions are part of the text.
fn functions(program: &Program<'_>) {
    let is_defined = |kind: FuncKind| matches!(kind, FuncKind::Defined { .. });
    let (mut live, mut dead) = (0, 0);
    for (id, func) in &program.world.funcs {
        match (is_defined(func.kind), program.live.text.contains(id)) {
            (true, true) => live += 1,
            (true, false) => {
                dead += 1;
                let name = title(program, CodeItem::Func(id));
                trace!(target: "wasmc::plan", "dead: {name}: nothing that can run refers to it");
            }
            (false, _) => {}
        }
    }
    debug!(
        target: "wasmc::plan",
        "functions: {live} can run, {dead} are dead; {} thunks and trampolines",
        program.code.len() - live,
    );
}

fn of_memory(program: &Program<'_>, id: MemoryId, options: &Options) -> String {
    let (memory, lies) = (&program.world.memories[id], &program.places.memories[id]);
    let place = match lies.base == options.target.arch.row().slot0 {
        true => "in slot 0, as the one that code uses most,",
        false => "in a slot of its own",
    };
    let strategy = match lies.strategy {
        Strategy::Guarded => "guarded: a reservation covers what 32-bit indices and offsets reach",
        Strategy::Checked(why) => match why {
            WhyChecked::Asked => "checked in code: `--bounds-checks`",
            WhyChecked::Memory64 => "checked in code: its indices have 64 bits",
            WhyChecked::PageSize => "checked in code: its pages are no pages of the machine",
            WhyChecked::NoAddresses => {
                "checked in code: the addresses for reservations are used up"
            }
        },
    };
    let grows = match program.live.uses.memories_grown.contains(id) {
        true => "grows",
        false => "never grows",
    };
    format!(
        "{}: {place} at {:#x}; {strategy}; {} bytes, {grows}, at most {}",
        name(program, Named::Memory, id.index(), |instance| {
            instance
                .memories
                .iter()
                .find(|(_, of)| **of == id)
                .map(|(index, _)| index.as_u32())
        }),
        lies.base,
        memory.initial_bytes(),
        lies.max,
    )
}

fn of_table(program: &Program<'_>, id: TableId) -> String {
    let place = match program.places.tables[id].elements {
        Elements::ReadOnly(_) => "read-only: nothing writes to it".to_owned(),
        Elements::Own(OwnPlace::State(_)) => "in the state: code writes to it".to_owned(),
        Elements::Zero(_) => "in the state: code writes to it, and it is null at first".to_owned(),
        Elements::Own(OwnPlace::Area(_)) => "in the own area of each thread".to_owned(),
        Elements::Slot(base) => format!("at {base:#x}: it grows, or is too large for the state"),
        Elements::Mapped => "where each thread maps it: it grows".to_owned(),
    };
    let fixed = match program.steps.table_images[id].is_some() {
        true => "elements known",
        false => "elements filled in when it is made",
    };
    format!(
        "{}: {} elements, {fixed}; {place}",
        name(program, Named::Table, id.index(), |instance| {
            instance
                .tables
                .iter()
                .find(|(_, of)| **of == id)
                .map(|(index, _)| index.as_u32())
        }),
        program.world.tables[id].ty.initial,
    )
}

/// What a memory or table is called: its number in the program, and its name if it has one.
fn name(
    program: &Program<'_>,
    kind: Named,
    number: usize,
    index: impl Fn(&Instance<'_>) -> Option<u32>,
) -> String {
    let named = program
        .world
        .instances
        .values()
        .find_map(|instance| instance.module.names.get(kind, index(instance)?));
    let kind = match kind {
        Named::Memory => "memory",
        _ => "table",
    };
    match named {
        Some(name) => format!("{kind} {number} `{}`", name.escape_debug()),
        None => format!("{kind} {number}"),
    }
}

/// What code was made.
pub(crate) fn code(program: &Program<'_>, code: &[CompiledFunc]) {
    if log_enabled!(target: "wasmc::codegen", Level::Trace) {
        for func in code {
            trace!(
                target: "wasmc::codegen",
                "{}: {} bytes, {} relocations, {} traps{}{}",
                title(program, func.item),
                func.code.len(),
                func.relocs.len(),
                func.traps.len(),
                if func.optimised { "" } else { "; not optimised: its control frames nest too deeply" },
                match &func.maker {
                    Maker::Cranelift => String::new(),
                    Maker::Own => "; by the back end of our own".to_owned(),
                    Maker::Instead(refusal) => format!("; by Cranelift: {refusal}"),
                },
            );
        }
    }
    let bytes: usize = code.iter().map(|func| func.code.len()).sum();
    let unoptimised = code.iter().filter(|func| !func.optimised).count();
    debug!(
        target: "wasmc::codegen",
        "{} functions, {bytes} bytes; {unoptimised} not optimised for the depth of their control frames",
        code.len(),
    );
    makers(code);
}

/// How much of the code the back end of our own made, and why not the rest.
fn makers(code: &[CompiledFunc]) {
    let mut ours = 0;
    let mut instead: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for func in code {
        match &func.maker {
            Maker::Cranelift => {}
            Maker::Own => ours += func.code.len(),
            Maker::Instead(refusal) => {
                let (funcs, bytes) = instead.entry(refusal.to_string()).or_default();
                *funcs += 1;
                *bytes += func.code.len();
            }
        }
    }
    if ours == 0 && instead.is_empty() {
        return;
    }
    debug!(target: "wasmc::codegen", "the back end of our own made {ours} bytes");
    for (reason, (funcs, bytes)) in instead {
        debug!(
            target: "wasmc::codegen",
            "left to Cranelift for {reason}: {funcs} functions, {bytes} bytes",
        );
    }
}

/// What the program needs of the kernel.
pub(crate) fn needs(needs: Needs) {
    if log_enabled!(target: "wasmc::emit", Level::Debug) {
        for need in Needs::ALL {
            if needs.contains(need.needs) {
                debug!(target: "wasmc::emit", "needs of the kernel: {}", need.text.trim());
            }
        }
    }
}

/// What a line about an instance begins with, in a program of several.
fn prefix(instance: &str) -> String {
    match instance {
        "" => String::new(),
        name => format!("`{}`: ", name.escape_debug()),
    }
}
