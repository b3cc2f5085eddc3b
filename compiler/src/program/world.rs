//! From the instances' modules to a [`Program`]: the order in which decisions are made.

use std::collections::HashMap;

use cranelift_codegen::entity::{EntityRef, PrimaryMap, SecondaryMap};
use wasmparser::GlobalType;

use super::imports::{self, Exporters, Failures, Importer, Resolution, Unlinked};
use super::types::{self, ModuleSigs, RecGroups, canonical_type};
use super::{
    CodeItem, Constant, Data, Elem, Func, FuncKind, Global, Instance, MadeMemory, Memory, Program,
    Reference, StateLayout, Strategy, Table, TablePlace, consts, live, places, script, steps,
    threads,
};
use crate::error::{Error, Location, Result};
use crate::index::{FuncId, FuncIndex, GlobalId, InstanceId, SigId};
use crate::module::{ElemItems, ElemMode, Entity, Module};
use crate::names::Named;
use crate::options::Options;
use crate::pipeline::Command;

/// An instance to plan.
pub(crate) struct Input<'a> {
    /// Its name for messages; empty for the only instance of a program.
    pub name: String,
    /// Its module.
    pub module: Module<'a>,
    /// Import module names and the earlier instances that they mean.
    pub imports: HashMap<String, InstanceId>,
}

/// Plans an executable of the instances, in their order of instantiation. With `commands` it is a
/// spec-suite driver, else a program whose main module is the last instance.
pub(crate) fn plan<'a>(
    inputs: Vec<Input<'a>>,
    commands: Option<&[Command]>,
    options: &Options,
) -> Result<Program<'a>> {
    let mut program = Program::empty();
    declare_instances(&mut program, inputs)?;
    // Beyond this point every index of every module has its entity, and every constant expression
    // its value.
    match commands {
        Some(commands) => program.script = Some(script::resolve(&program, commands)?),
        None => {
            choose_entry(&mut program, options)?;
            choose_linked_initializers(&mut program);
        }
    }
    let reached = live::reach(&program);
    live::record(&mut program, &reached);
    program.threads = threads::choose(&program, |func| reached.is_live(func), options)?;
    // Beyond this point it is known which functions are live and what live code does to tables,
    // memories and segments.
    steps::plan_steps(&mut program, options.target.arch);
    places::assign(&mut program, &reached, options)?;
    // Beyond this point every entity has its place.
    order_code(&mut program);
    Ok(program)
}

impl Program<'_> {
    pub(super) fn empty() -> Self {
        Program {
            instances: PrimaryMap::new(),
            sigs: PrimaryMap::new(),
            funcs: PrimaryMap::new(),
            tables: PrimaryMap::new(),
            memories: PrimaryMap::new(),
            globals: PrimaryMap::new(),
            tags: PrimaryMap::new(),
            tag_names: PrimaryMap::new(),
            elems: PrimaryMap::new(),
            datas: PrimaryMap::new(),
            code: Vec::new(),
            ref_funcs: Vec::new(),
            images: Vec::new(),
            state: StateLayout::default(),
            initialize: None,
            entry: None,
            invoke: false,
            threads: None,
            made_memories: Vec::new(),
            script: None,
            with_debug: false,
            tracked: SecondaryMap::new(),
        }
    }
}

/// Declares the instances in their order. The error lists the imports of all of them that nothing
/// satisfies.
fn declare_instances<'a>(program: &mut Program<'a>, inputs: Vec<Input<'a>>) -> Result<()> {
    let mut groups = RecGroups::new();
    let mut later: Vec<_> = inputs
        .iter()
        .rev()
        .map(|input| input.name.clone())
        .collect();
    let mut unlinked = Vec::new();
    let mut failures = Failures::default();
    for input in inputs {
        later.pop();
        let sigs = types::declare(program, &mut groups, &input.module)?;
        let importer = Importer {
            // The last is the program itself.
            name: (!later.is_empty()).then_some(&*input.name),
            module: &input.module,
            sigs: &sigs,
            names: &input.imports,
        };
        let exporters = Exporters {
            program,
            unlinked: &unlinked,
            // The program itself exports nothing to the others.
            later: later.get(1..).unwrap_or_default(),
        };
        match imports::resolve(importer, exporters) {
            Ok(resolutions) if unlinked.is_empty() => {
                declare_instance(program, input, sigs, resolutions)?;
                continue;
            }
            Ok(_) => {}
            Err(more) => failures.add(more),
        }
        unlinked.push(Unlinked {
            module: input.module,
            sigs,
        });
    }
    failures.into_result()
}

/// Gives every entity that an instance's module refers to its id.
fn declare_instance<'a>(
    program: &mut Program<'a>,
    input: Input<'a>,
    sigs: ModuleSigs,
    resolutions: Vec<Resolution>,
) -> Result<()> {
    let id = program.instances.next_key();
    let mut instance = Instance {
        name: input.name,
        module: input.module,
        sigs,
        funcs: PrimaryMap::new(),
        tables: PrimaryMap::new(),
        memories: PrimaryMap::new(),
        globals: PrimaryMap::new(),
        tags: PrimaryMap::new(),
        elems: PrimaryMap::new(),
        datas: PrimaryMap::new(),
        linked_initialize: None,
        steps: Vec::new(),
    };
    let mut wasi_funcs = Vec::new();
    for (import, resolution) in instance.module.imports.iter().zip(resolutions) {
        match resolution {
            Resolution::Export(exporter, entity) => {
                let exporter = &program.instances[exporter];
                match entity {
                    Entity::Func(index) => {
                        instance.funcs.push(exporter.funcs[index]);
                    }
                    Entity::Table(index) => {
                        instance.tables.push(exporter.tables[index]);
                    }
                    Entity::Memory(index) => {
                        instance.memories.push(exporter.memories[index]);
                    }
                    Entity::Global(index) => {
                        instance.globals.push(exporter.globals[index]);
                    }
                    Entity::Tag(index) => {
                        instance.tags.push(exporter.tags[index]);
                    }
                }
            }
            Resolution::Made(Some(memory)) => {
                instance.memories.push(memory);
            }
            Resolution::Made(None) => {
                let Entity::Memory(index) = import.entity else {
                    unreachable!("only memories are made");
                };
                let memory = program
                    .memories
                    .push(Memory::new(instance.module.memories[index]));
                instance.memories.push(memory);
                program.made_memories.push(MadeMemory {
                    name: (import.module.to_owned(), import.name.to_owned()),
                    memory,
                    instance: id,
                });
            }
            Resolution::Wasi(function) => {
                let Entity::Func(index) = import.entity else {
                    unreachable!("WASI imports are functions");
                };
                let func = program.funcs.push(Func {
                    sig: instance.sigs[instance.module.funcs[index].ty],
                    kind: FuncKind::Wasi {
                        function,
                        memory: None,
                    },
                    name: Some(function.name.to_owned()),
                    in_text: false,
                    ref_slot: None,
                });
                instance.funcs.push(func);
                wasi_funcs.push(func);
            }
        }
    }
    declare_defined(program, &mut instance, id);
    let memory = match instance.module.export("memory") {
        Some(Entity::Memory(index)) => Some(instance.memories[index]),
        _ => instance.memories.values().next().copied(),
    };
    for func in wasi_funcs {
        if let FuncKind::Wasi { memory: slot, .. } = &mut program.funcs[func].kind {
            *slot = memory;
        }
    }
    declare_constants(program, &mut instance).map_err(|error| error.in_instance(&instance.name))?;
    program.instances.push(instance);
    Ok(())
}

impl Memory {
    /// A memory without a place yet.
    fn new(ty: wasmparser::MemoryType) -> Memory {
        Memory {
            ty,
            base: 0,
            strategy: Strategy::Guarded,
            max: 0,
            grows: false,
            state: 0,
        }
    }
}

/// Functions, tables and memories that the module itself defines.
fn declare_defined(program: &mut Program<'_>, instance: &mut Instance<'_>, id: InstanceId) {
    let module = &instance.module;
    let mut export_names = HashMap::new();
    for export in module.exports.iter().rev() {
        export_names.insert(export.entity, export.name);
    }
    for (index, func) in module.funcs.iter().skip(module.imported_funcs) {
        let named = module.names.funcs.get(&index.as_u32());
        let name = named.or(export_names.get(&Entity::Func(index)));
        instance.funcs.push(program.funcs.push(Func {
            sig: instance.sigs[func.ty],
            kind: FuncKind::Defined {
                instance: id,
                index,
            },
            name: name.map(|&name| name.to_owned()),
            in_text: false,
            ref_slot: None,
        }));
    }
    for table in module.tables.values().skip(module.imported_tables) {
        instance.tables.push(program.tables.push(Table {
            ty: table.ty,
            max: 0,
            grows: false,
            writable: false,
            place: TablePlace::Zero(0),
            image: Vec::new(),
            state: 0,
        }));
    }
    for (index, &ty) in module.tags.iter().skip(module.imported_tags) {
        let named = module.names.get(Named::Tag, index.as_u32());
        let name = named.or(export_names.get(&Entity::Tag(index)).copied());
        let name = name.map_or_else(|| format!("tag[{}]", index.index()), str::to_owned);
        program.tag_names.push(name);
        instance.tags.push(program.tags.push(instance.sigs[ty]));
    }
    for ty in module.memories.values().skip(module.imported_memories) {
        instance
            .memories
            .push(program.memories.push(Memory::new(*ty)));
    }
}

/// Globals and segments: what constant expressions initialise.
fn declare_constants<'a>(program: &mut Program<'a>, instance: &mut Instance<'a>) -> Result<()> {
    for global in instance
        .module
        .globals
        .values()
        .skip(instance.module.imported_globals)
    {
        let init = global.init.as_ref().expect("a defined global");
        let globals = &program.globals;
        let value = consts::eval(instance, init, |id: GlobalId| globals[id].value)?;
        // In a type of the program, like in its signatures.
        let ty = GlobalType {
            content_type: canonical_type(global.ty.content_type, &instance.sigs),
            ..global.ty
        };
        instance.globals.push(program.globals.push(Global {
            ty,
            value,
            cell: None,
        }));
    }
    let globals = &program.globals;
    let reference = |value| match value {
        Constant::Ref(reference) => reference,
        _ => unreachable!("elements are references"),
    };
    for elem in instance.module.elems.values() {
        let items = match &elem.items {
            ElemItems::Funcs(funcs) => funcs
                .iter()
                .map(|&func| Reference::Func(instance.funcs[func]))
                .collect(),
            ElemItems::Exprs(exprs) => exprs
                .iter()
                .map(|expr| consts::eval(instance, expr, |id| globals[id].value).map(reference))
                .collect::<Result<_>>()?,
        };
        instance.elems.push(program.elems.push(Elem {
            items,
            used_by_init: false,
            passive: matches!(elem.mode, ElemMode::Passive),
            length_cell: None,
            in_image: false,
        }));
    }
    for data in instance.module.datas.values() {
        instance.datas.push(program.datas.push(Data {
            bytes: data.bytes,
            used_by_init: false,
            passive: data.active.is_none(),
            length_cell: None,
            in_image: false,
        }));
    }
    Ok(())
}

/// Finds the function that the program calls.
fn choose_entry(program: &mut Program<'_>, options: &Options) -> Result<()> {
    let Some((_, instance)) = program.instances.iter().next_back() else {
        return Err(no_entry("there is no module", None));
    };
    let func = |name: &str| match instance.module.export(name) {
        Some(Entity::Func(index)) => Some(index),
        _ => None,
    };
    let (initialize, entry) = match &options.invoke {
        None => {
            let Some(start) = func("_start") else {
                return Err(no_entry("the module exports no `_start`", Some(instance)));
            };
            if !is_command(instance, start) {
                return Err(no_entry(
                    "`_start` has parameters or results",
                    Some(instance),
                ));
            }
            (None, start)
        }
        Some(name) => {
            let Some(entry) = func(name) else {
                let message = format!("the module exports no function `{name}`");
                return Err(no_entry(&message, Some(instance)));
            };
            let initialize = func("_initialize").filter(|&index| is_command(instance, index));
            (initialize.filter(|&index| index != entry), entry)
        }
    };
    let initialize = initialize.map(|index| instance.funcs[index]);
    let entry = instance.funcs[entry];
    program.initialize = initialize;
    program.entry = Some(entry);
    program.invoke = options.invoke.is_some();
    Ok(())
}

fn no_entry(message: &str, instance: Option<&Instance<'_>>) -> Error {
    let names: Vec<_> = instance
        .iter()
        .flat_map(|instance| &instance.module.exports)
        .filter(|export| matches!(export.entity, Entity::Func(_)))
        .map(|export| format!("`{}`", export.name))
        .collect();
    let hint = match names.len() {
        0 => None,
        1..=8 => Some(format!(
            "pass `--invoke NAME` to call one of its exports: {}",
            names.join(", ")
        )),
        count => Some(format!(
            "pass `--invoke NAME` to call one of its {count} exported functions, which \
             `wasmc inspect` lists"
        )),
    };
    Error::Unsupported {
        message: message.to_owned(),
        location: Location::default(),
        hint,
    }
}

/// Decides what the text consists of, and in which order: functions as their modules order them
/// (the producer's linker put related ones together), then thunks, then trampolines.
fn order_code(program: &mut Program<'_>) {
    let defined = |func: &Func| matches!(func.kind, FuncKind::Defined { .. });
    let items = |wanted: bool| {
        program
            .funcs
            .iter()
            .filter(move |(_, func)| func.in_text && defined(func) == wanted)
            .map(|(id, _)| CodeItem::Func(id))
    };
    let mut code: Vec<_> = items(true).chain(items(false)).collect();
    let mut sigs: Vec<SigId> = called_by_runtime(program)
        .map(|func| program.funcs[func].sig)
        .collect();
    sigs.sort_unstable_by_key(|sig| sig.index());
    sigs.dedup();
    code.extend(sigs.into_iter().map(CodeItem::Trampoline));
    program.code = code;
}

/// The functions that the runtime calls, through trampolines.
pub(super) fn called_by_runtime(program: &Program<'_>) -> impl Iterator<Item = FuncId> {
    let threads = program.threads.map(|threads| threads.entry);
    let entries = program
        .initialize
        .into_iter()
        .chain(program.entry)
        .chain(threads);
    let starts = program.instances.values().flat_map(start_functions);
    let starts = starts.map(|(func, _)| func);
    let scripted = program
        .script
        .iter()
        .flatten()
        .filter_map(|step| match step {
            script::ScriptStep::Invoke { func, .. } => Some(*func),
            _ => None,
        });
    entries.chain(starts).chain(scripted)
}

/// The functions that instantiation calls, and whether only the program's own does: the start
/// function, then the `_initialize` of a linked reactor.
pub(super) fn start_functions(instance: &Instance<'_>) -> impl Iterator<Item = (FuncId, bool)> {
    let start = instance.module.start.map(|index| (index, false));
    let linked = instance.linked_initialize.map(|index| (index, true));
    let functions = start.into_iter().chain(linked);
    functions.map(|(index, once)| (instance.funcs[index], once))
}

/// Finds the `_initialize` functions of the instances that the main module is linked with.
fn choose_linked_initializers(program: &mut Program<'_>) {
    let linked = program.instances.len().saturating_sub(1);
    for instance in program.instances.values_mut().take(linked) {
        if let Some(Entity::Func(index)) = instance.module.export("_initialize")
            && is_command(instance, index)
        {
            instance.linked_initialize = Some(index);
        }
    }
}

fn is_command(instance: &Instance<'_>, index: FuncIndex) -> bool {
    let ty = instance.module.func_type(index);
    ty.params().is_empty() && ty.results().is_empty()
}

/// Checks the imports of the instances, which is what the last is about.
pub(crate) fn check_imports(inputs: Vec<Input<'_>>) -> Result<()> {
    declare_instances(&mut Program::empty(), inputs)
}
