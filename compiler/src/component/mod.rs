//! Components: what they flatten to.
//!
//! A component is modules, instances and functions in components within components. All of it is
//! known when it is compiled, so that it is a list in the end: core instances with what each of
//! their imports is, in the order of instantiation; functions that the host makes for them; what
//! is exported. [`Flat`] is this list, and [`flatten()`] makes it. Beyond it nothing knows of the
//! nesting.
//!
//! Calls between components are core modules too, *adapters*, which lift values from one memory
//! and lower them into another.
//!
//! Source: the component model's `design/mvp/{Binary,Explainer,CanonicalABI}.md`.

mod flatten;

use std::borrow::Cow;

use wasmc_abi::p2::HostFunction;
use wasmparser::FuncType;

use crate::module::Entity;

pub use flatten::{adapter_trap, flatten};

/// A component as a list.
#[derive(Debug, Default)]
pub struct Flat<'a> {
    /// Core modules, those of adapters last.
    pub modules: Vec<CoreModule<'a>>,
    /// Core instances, in the order of instantiation.
    pub instances: Vec<CoreInstance>,
    /// How many component instances there are.
    pub components: usize,
    /// Whether core instances belong to several of them.
    pub is_composed: bool,
    /// Functions that the component imports and calls.
    pub imports: Vec<Import>,
    /// Functions that the host makes for core instances.
    pub made: Vec<Made>,
    /// Resource types, those that are imported first.
    pub resources: Vec<Resource>,
    /// The resource types as component instances see them; `None` for what no instance has.
    pub resource_tables: Vec<Option<ResourceTable>>,
    /// What the component exports.
    pub exports: Vec<Export>,
}

/// What messages call a core instance.
pub fn title(flat: &Flat<'_>, instance: &CoreInstance) -> String {
    let module = &flat.modules[instance.module];
    let name = match (&module.name, module.is_adapter) {
        (Some(name), _) => name.clone(),
        (None, true) => "adapter".to_owned(),
        (None, false) => format!("module {}", instance.module),
    };
    match instance.component {
        Some(component) if flat.is_composed => format!("component {component}/{name}"),
        _ => name,
    }
}

/// A core module.
#[derive(Debug)]
pub struct CoreModule<'a> {
    /// Its bytes.
    pub bytes: Cow<'a, [u8]>,
    /// The name that it gives itself.
    pub name: Option<String>,
    /// Whether it was made for calls between components.
    pub is_adapter: bool,
}

/// An instance of a core module.
#[derive(Debug)]
pub struct CoreInstance {
    /// Index of its module.
    pub module: usize,
    /// Index of the component instance that it belongs to; `None` for an adapter.
    pub component: Option<usize>,
    /// What its imports are, in the order of the module.
    pub imports: Vec<Core>,
}

/// Something that a core instance imports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Core {
    /// An entity of an earlier instance.
    Export(CoreExport),
    /// A function that the host makes: its index in [`Flat::made`].
    Made(usize),
    /// The flags of a component instance, a global.
    Flags(usize),
    /// Whether the current task may block, a global.
    MayBlock,
}

/// An entity of a core instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CoreExport {
    /// Index of the instance.
    pub instance: usize,
    /// The entity.
    pub entity: Entity,
}

/// A function that the component imports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// The name of the import: `wasi:io/streams@0.2.0`.
    pub interface: String,
    /// The name within: `[method]output-stream.write`. Empty for a function that is imported as
    /// such.
    pub name: String,
}

/// A function that the host makes for core instances.
#[derive(Debug)]
pub struct Made {
    /// Its type.
    pub ty: FuncType,
    /// What it does.
    pub kind: MadeKind,
}

/// What a function does that the host makes.
#[derive(Debug)]
pub enum MadeKind {
    /// It calls a function that the component imports.
    Lower {
        /// Its index in [`Flat::imports`].
        import: usize,
        /// How values pass.
        options: Options,
    },
    /// It does what the canonical ABI says of it.
    Intrinsic {
        /// The function of the runtime.
        function: &'static HostFunction,
        /// What it works on.
        subject: Subject,
    },
    /// It does what is not supported, which this names.
    Unsupported(&'static str),
}

/// What an intrinsic works on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// Nothing in particular.
    Nothing,
    /// A resource type as a component instance sees it: index in [`Flat::resource_tables`].
    Table(usize),
    /// All of these.
    Tables,
    /// A string that goes from one memory to another.
    Memories(CoreExport, CoreExport),
    /// The codes with which adapters trap.
    TrapCodes,
}

/// How values pass between a core module and what is outside of it: canonical options.
#[derive(Clone, Debug)]
pub struct Options {
    /// Index of the component instance.
    pub component: usize,
    /// The memory that pointers are into.
    pub memory: Option<CoreExport>,
    /// Allocates in it.
    pub realloc: Option<Core>,
    /// Called when the results have been read.
    pub post_return: Option<Core>,
    /// How strings are encoded: one of [`encoding`](wasmc_abi::component::encoding).
    pub encoding: u32,
    /// Whether the call is asynchronous.
    pub is_async: bool,
}

/// A resource type.
#[derive(Debug)]
pub enum Resource {
    /// An imported one.
    Imported(Import),
    /// One of a component instance of the program.
    Defined {
        /// Index of the component instance.
        component: usize,
        /// Its destructor.
        destructor: Option<Core>,
    },
}

/// A resource type as a component instance sees it.
#[derive(Clone, Copy, Debug)]
pub struct ResourceTable {
    /// Index of the resource type.
    pub resource: usize,
    /// Index of the component instance.
    pub component: usize,
}

/// Something that the component exports.
#[derive(Debug)]
pub struct Export {
    /// The instance that it is in, `wasi:cli/run@0.2.0`; empty for what is exported as such.
    pub interface: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub item: ExportItem,
}

/// What is exported.
#[derive(Debug)]
pub enum ExportItem {
    /// A function that calls one of a core instance.
    Function {
        /// That function.
        core: Core,
        /// How values pass.
        options: Options,
    },
    /// Something that no call can reach: a type, a core module, an empty instance.
    Other(&'static str),
}
