//! Imports: each resolves to an entity of another instance, or to a function of the runtime.

use std::collections::HashMap;
use std::fmt::Write as _;

use cranelift_codegen::entity::EntityRef;
use wasmc_abi::p2::HostFunction;
use wasmc_abi::wasi::{self, ValueType, WasiFunction};
use wasmparser::{FuncType, MemoryType, TableType, ValType};

use super::types::{ModuleTypes, canonical_type};
use super::world::{Instance, World, page_log2};
use crate::error::{Error, Result};
use crate::index::{GlobalId, InstanceId, MemoryId, RecordId};
use crate::module::{Entity, Import, Module};
use crate::type_text::val_type;

/// What satisfies an import.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// An export of an earlier instance.
    Export(InstanceId, Entity),
    /// A function of the runtime.
    Wasi(&'static WasiFunction),
    /// A shared memory that the program makes; the one, if an earlier instance has asked for it.
    Made(Option<MemoryId>),
    /// A function of the runtime for components, what it is handed, and what messages call it.
    Host {
        function: &'static HostFunction,
        record: Option<RecordId>,
        name: String,
    },
    /// A global that the program makes for components.
    Global(GlobalId),
}

/// A module whose imports are to be resolved.
#[derive(Clone, Copy)]
pub(super) struct Importer<'i, 'a> {
    /// What messages call it, if they must say which module it is.
    pub name: Option<&'i str>,
    /// The module.
    pub module: &'i Module<'a>,
    /// The program's types that its own are.
    pub types: &'i ModuleTypes,
    /// Import module names and the earlier instances that they mean.
    pub names: &'i HashMap<String, InstanceId>,
}

/// The instances before the one whose imports are to be resolved.
#[derive(Clone, Copy)]
pub(super) struct Exporters<'i, 'a> {
    /// Those that are linked.
    pub world: &'i World<'a>,
    /// Those that come then, since one does not link: they serve for finding all that is amiss.
    pub unlinked: &'i [Unlinked<'a>],
    /// Names of the instances that come later.
    pub later: &'i [String],
}

/// A module that is no instance, because it or one before it does not link.
pub(super) struct Unlinked<'a> {
    /// The module.
    pub module: Module<'a>,
    /// The program's types that its own are.
    pub types: ModuleTypes,
}

/// A module that exports something.
#[derive(Clone, Copy)]
struct Exporter<'i, 'a> {
    module: &'i Module<'a>,
    types: &'i ModuleTypes,
    /// Its entities, if it is linked.
    instance: Option<&'i Instance<'a>>,
}

impl<'i, 'a> Exporters<'i, 'a> {
    fn get(&self, id: InstanceId) -> Exporter<'i, 'a> {
        match self.world.instances.get(id) {
            Some(instance) => Exporter {
                module: &instance.module,
                types: &instance.types,
                instance: Some(instance),
            },
            None => {
                let position = id.index() - self.world.instances.len();
                let Unlinked { module, types } = &self.unlinked[position];
                Exporter {
                    module,
                    types,
                    instance: None,
                }
            }
        }
    }
}

/// Imports that nothing satisfies.
#[derive(Default)]
pub(super) struct Failures {
    /// A line for each.
    lines: Vec<String>,
    /// What to do about the first.
    hint: Option<String>,
}

impl Failures {
    /// Adds those of another module.
    pub fn add(&mut self, other: Failures) {
        self.lines.extend(other.lines);
        self.hint = self.hint.take().or(other.hint);
    }

    /// Adds one, and what to do about it.
    pub fn push(&mut self, line: String, hint: impl FnOnce() -> String) {
        self.lines.push(line);
        self.hint.get_or_insert_with(hint);
    }

    /// The error that lists all of them; `Ok` when there are none.
    pub fn into_result(self) -> Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        Err(Error::Link {
            message: self.lines.join("\n"),
            hint: self.hint,
        })
    }
}

/// Resolves every import of a module, in its order; the error lists all that nothing satisfies.
///
/// Kinds, types, mutability and maxima are checked here. Current sizes are checked when the
/// instance is instantiated, because memories and tables may have grown by then.
pub(super) fn resolve(
    importer: Importer<'_, '_>,
    exporters: Exporters<'_, '_>,
) -> Result<Vec<Source>, Failures> {
    let module = importer.module;
    let mut sources = Vec::with_capacity(module.imports.len());
    let mut failures = Failures::default();
    for import in &module.imports {
        match resolve_one(importer, import, exporters) {
            Ok(source) => sources.push(source),
            Err(cause) => {
                let importing = importer
                    .name
                    .map(|name| format!(", which `{name}` imports"));
                failures.lines.push(format!(
                    "{cause}: `{}` `{}` ({}){}{}",
                    import.module,
                    import.name,
                    describe(module, import.entity),
                    importing.unwrap_or_default(),
                    offered(importer, import, exporters)
                ));
                let hint = || Some(hint_for(importer, import, exporters));
                failures.hint = failures.hint.or_else(hint);
            }
        }
    }
    match failures.lines.is_empty() {
        true => Ok(sources),
        false => Err(failures),
    }
}

fn resolve_one(
    importer: Importer<'_, '_>,
    import: &Import<'_>,
    exporters: Exporters<'_, '_>,
) -> Result<Source, &'static str> {
    let module = importer.module;
    if let Some(&id) = importer.names.get(import.module) {
        let exporter = exporters.get(id);
        let entity = exporter
            .module
            .export(import.name)
            .ok_or("unknown import")?;
        if !matches(importer, import.entity, exporter, entity, exporters.world) {
            return Err("incompatible import type");
        }
        return Ok(Source::Export(id, entity));
    }
    if let Entity::Memory(memory) = import.entity
        && module.memories[memory].shared
    {
        return made_memory(import, &module.memories[memory], exporters.world);
    }
    let functions = offered_functions(import.module, import.name);
    let function = match import.entity {
        Entity::Func(func) => runtime_function(import.module, import.name, module.func_type(func)),
        _ => None,
    };
    match function {
        Some(function) => Ok(Source::Wasi(function)),
        None if functions.is_empty() => Err("unknown import"),
        None => Err("incompatible import type"),
    }
}

/// What there is instead of what is imported, as the end of a message.
fn offered(
    importer: Importer<'_, '_>,
    import: &Import<'_>,
    exporters: Exporters<'_, '_>,
) -> String {
    let Some(&id) = importer.names.get(import.module) else {
        return match exporters.later.iter().any(|name| name == import.module) {
            true => format!("; `{}` is linked later", import.module),
            false => offered_types(import),
        };
    };
    let exporter = exporters.get(id).module;
    match exporter.export(import.name) {
        Some(entity) => format!("; exported as ({})", describe(exporter, entity)),
        None => "; the linked module has no such export".to_owned(),
    }
}

/// The types with which the runtime offers what is imported, as the end of a message.
fn offered_types(import: &Import<'_>) -> String {
    let functions = offered_functions(import.module, import.name);
    let types: Vec<_> = functions.into_iter().map(describe_wasi).collect();
    match types.is_empty() {
        true => String::new(),
        false => format!("; offered as ({})", types.join(") and (")),
    }
}

/// What satisfies the import of a shared memory that no instance exports: as WebAssembly hosts do
/// for wasi-threads, the program makes it.
fn made_memory(
    import: &Import<'_>,
    ty: &MemoryType,
    world: &World<'_>,
) -> Result<Source, &'static str> {
    let mut known = world.memories.iter().filter(|(_, memory)| {
        let names = memory.made_for.as_ref();
        names.is_some_and(|(module, name)| (&**module, &**name) == (import.module, import.name))
    });
    match known.next() {
        None => Ok(Source::Made(None)),
        Some((id, memory)) if memory_matches(ty, &memory.ty) => Ok(Source::Made(Some(id))),
        Some(_) => Err("incompatible import type"),
    }
}

/// The functions of the runtime that these names import: they differ in their types.
pub(crate) fn offered_functions(module: &str, name: &str) -> Vec<&'static WasiFunction> {
    match module {
        wasi::MODULE => wasi::named(name).collect(),
        wasi::THREADS_MODULE if wasi::THREAD_SPAWN.name == name => vec![&wasi::THREAD_SPAWN],
        _ => Vec::new(),
    }
}

/// The function of the runtime that is imported with these names and this type.
pub(crate) fn runtime_function(
    module: &str,
    name: &str,
    ty: &FuncType,
) -> Option<&'static WasiFunction> {
    let mut functions = offered_functions(module, name).into_iter();
    functions.find(|function| wasi_type_matches(function, ty))
}

/// Whether a function of the runtime has this type.
fn wasi_type_matches(function: &WasiFunction, ty: &FuncType) -> bool {
    let value = |ty: ValueType| match ty {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    };
    let params = function.params.iter().map(|&(_, ty)| value(ty));
    let results = function.result.into_iter().map(value);
    params.eq(ty.params().iter().copied()) && results.eq(ty.results().iter().copied())
}

fn hint_for(
    importer: Importer<'_, '_>,
    import: &Import<'_>,
    exporters: Exporters<'_, '_>,
) -> String {
    let module = import.module;
    if importer.names.contains_key(module) {
        return "`wasmc inspect` lists what a module exports".to_owned();
    }
    if exporters.later.iter().any(|name| name == module) {
        return format!(
            "a linked module may import from those before it: put `--link {module}=...` first; \
             modules that import from each other cannot be linked"
        );
    }
    let hint = match module {
        "wasi_unstable" => {
            "this module was built for WASI preview 0; rebuild it for `wasi_snapshot_preview1`"
        }
        wasi::THREADS_MODULE => {
            "of the module `wasi` only the function `thread-spawn` (param i32) (result i32) of \
             wasi-threads is offered"
        }
        wasi::MODULE => {
            "offered are the 46 functions of WASI preview 1 and WasmEdge's functions for sockets"
        }
        _ => {
            "wasmc offers the imports of `wasi_snapshot_preview1`, and `--link NAME=MODULE` those \
             that another module exports; `wasmc inspect` lists what a module imports"
        }
    };
    hint.to_owned()
}

/// Whether an export satisfies an import, sizes aside. What is exported again has the type of the
/// entity, not that with which the exporter imports it.
fn matches(
    importer: Importer<'_, '_>,
    import: Entity,
    exporter: Exporter<'_, '_>,
    export: Entity,
    world: &World<'_>,
) -> bool {
    let (ours, theirs) = (importer.module, exporter.module);
    let our_type = |ty| canonical_type(ty, importer.types);
    let their_type = |ty| canonical_type(ty, exporter.types);
    match (import, export) {
        (Entity::Func(import), Entity::Func(export)) => {
            let wanted = importer.types[ours.funcs[import].ty];
            let given = match exporter.instance {
                Some(instance) => world.funcs[instance.funcs[export]].ty,
                None => exporter.types[theirs.funcs[export].ty],
            };
            world.types.is_below(given, wanted)
        }
        (Entity::Table(import), Entity::Table(export)) => {
            let (import, declared) = (&ours.tables[import].ty, &theirs.tables[export].ty);
            let actual = exporter.instance.map(|instance| instance.tables[export]);
            our_type(import.element_type.into()) == their_type(declared.element_type.into())
                && table_matches(import, actual.map_or(declared, |id| &world.tables[id].ty))
        }
        (Entity::Memory(import), Entity::Memory(export)) => {
            let actual = exporter.instance.map(|instance| instance.memories[export]);
            let declared = &theirs.memories[export];
            let export = actual.map_or(declared, |id| &world.memories[id].ty);
            memory_matches(&ours.memories[import], export)
        }
        (Entity::Global(import), Entity::Global(export)) => {
            let (import, declared) = (&ours.globals[import].ty, &theirs.globals[export].ty);
            let wanted = our_type(import.content_type);
            let given = match exporter.instance {
                Some(instance) => world.globals[instance.globals[export]].ty.content_type,
                None => their_type(declared.content_type),
            };
            let matches = match import.mutable {
                true => given == wanted,
                false => world.types.is_subtype(given, wanted),
            };
            matches && import.mutable == declared.mutable && import.shared == declared.shared
        }
        (Entity::Tag(import), Entity::Tag(export)) => {
            importer.types[ours.tags[import]] == exporter.types[theirs.tags[export]]
        }
        _ => false,
    }
}

fn maximum_matches(import: Option<u64>, export: Option<u64>) -> bool {
    match (import, export) {
        (None, _) => true,
        (Some(import), Some(export)) => export <= import,
        (Some(_), None) => false,
    }
}

fn table_matches(import: &TableType, export: &TableType) -> bool {
    import.table64 == export.table64
        && import.shared == export.shared
        && maximum_matches(import.maximum, export.maximum)
}

fn memory_matches(import: &MemoryType, export: &MemoryType) -> bool {
    import.memory64 == export.memory64
        && import.shared == export.shared
        && page_log2(import) == page_log2(export)
        && maximum_matches(import.maximum, export.maximum)
}

/// The type of a function of the runtime as the text format writes it.
fn describe_wasi(function: &WasiFunction) -> String {
    let value = |ty: ValueType| match ty {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    };
    let params = function.params.iter().map(|&(_, ty)| value(ty));
    describe_function(
        "func",
        &FuncType::new(params, function.result.into_iter().map(value)),
    )
}

/// The type of a function or tag as the text format writes it.
pub(super) fn describe_function(kind: &str, ty: &FuncType) -> String {
    let mut text = kind.to_owned();
    for (keyword, types) in [("param", ty.params()), ("result", ty.results())] {
        if !types.is_empty() {
            let types: Vec<_> = types.iter().map(|&ty| val_type(ty)).collect();
            let _ = write!(text, " ({keyword} {})", types.join(" "));
        }
    }
    text
}

/// The type of an entity as the text format writes it.
pub(crate) fn describe(module: &Module<'_>, entity: Entity) -> String {
    let limits = |minimum: u64, maximum: Option<u64>| match maximum {
        Some(maximum) => format!("{minimum} {maximum}"),
        None => minimum.to_string(),
    };
    match entity {
        Entity::Func(func) => describe_function("func", module.func_type(func)),
        Entity::Tag(tag) => describe_function("tag", module.types[module.tags[tag]].unwrap_func()),
        Entity::Table(table) => {
            let ty = &module.tables[table].ty;
            let limits = limits(ty.initial, ty.maximum);
            let index = if ty.table64 { "i64 " } else { "" };
            let element = val_type(ty.element_type.into());
            format!("table {index}{limits} {element}")
        }
        Entity::Memory(memory) => {
            let ty = &module.memories[memory];
            let index = if ty.memory64 { "i64 " } else { "" };
            let shared = if ty.shared { " shared" } else { "" };
            let mut text = format!("memory {index}{}{shared}", limits(ty.initial, ty.maximum));
            if let Some(log2) = ty.page_size_log2 {
                let _ = write!(text, " (pagesize {})", 1u64 << log2);
            }
            text
        }
        Entity::Global(global) => {
            let ty = &module.globals[global].ty;
            let content = val_type(ty.content_type);
            match ty.mutable {
                true => format!("global (mut {content})"),
                false => format!("global {content}"),
            }
        }
    }
}
