//! The closed world: the instances, and the entities that every index of every module means.

use cranelift_codegen::entity::{EntityRef, PrimaryMap};
use wasmc_abi::p2::HostFunction;
use wasmc_abi::wasi::WasiFunction;
use wasmparser::{GlobalType, MemoryType, TableType};

use super::consts::{Constant, Reference};
use super::records::Components;
use super::types::Types;
use crate::index::{
    DataId, DataIndex, ElemId, ElemIndex, FuncId, FuncIndex, GlobalId, GlobalIndex, InstanceId,
    MemoryId, MemoryIndex, RecordId, TableId, TableIndex, TagId, TagIndex, TypeId, TypeIndex,
};
use crate::module::{Body, Module};

/// Everything that the program consists of, whether or not it is ever used.
#[derive(Debug)]
pub struct World<'a> {
    /// The instances in the order of instantiation.
    pub instances: PrimaryMap<InstanceId, Instance<'a>>,
    /// Types, each once.
    pub types: Types,
    /// Functions.
    pub funcs: PrimaryMap<FuncId, Func>,
    /// Tables.
    pub tables: PrimaryMap<TableId, Table>,
    /// Memories.
    pub memories: PrimaryMap<MemoryId, Memory>,
    /// Globals.
    pub globals: PrimaryMap<GlobalId, Global>,
    /// Tags.
    pub tags: PrimaryMap<TagId, Tag>,
    /// Element segments.
    pub elems: PrimaryMap<ElemId, Elem>,
    /// Data segments.
    pub datas: PrimaryMap<DataId, Data<'a>>,
    /// What there is of components.
    pub components: Components,
}

/// An instance of a module: which entities its indices mean.
#[derive(Debug)]
pub struct Instance<'a> {
    /// A name for messages; empty for the only instance of a program.
    pub name: String,
    /// Its module.
    pub module: Module<'a>,
    /// Types.
    pub types: PrimaryMap<TypeIndex, TypeId>,
    /// Functions.
    pub funcs: PrimaryMap<FuncIndex, FuncId>,
    /// Tables.
    pub tables: PrimaryMap<TableIndex, TableId>,
    /// Memories.
    pub memories: PrimaryMap<MemoryIndex, MemoryId>,
    /// Globals.
    pub globals: PrimaryMap<GlobalIndex, GlobalId>,
    /// Tags.
    pub tags: PrimaryMap<TagIndex, TagId>,
    /// Element segments.
    pub elems: PrimaryMap<ElemIndex, ElemId>,
    /// Data segments.
    pub datas: PrimaryMap<DataIndex, DataId>,
    /// The functions that its instantiation calls at its end, in order.
    pub starts: Vec<Start>,
}

/// A function that instantiation calls.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The function: the start function, or the `_initialize` of a linked reactor.
    pub func: FuncId,
    /// Whether only the start of the program calls it, not that of a thread.
    pub once: bool,
}

/// A function.
#[derive(Debug)]
pub struct Func {
    /// Its type.
    pub ty: TypeId,
    /// Where its code comes from.
    pub kind: FuncKind,
    /// Its name, for symbols and backtraces.
    pub name: Option<String>,
}

/// Where a function's code comes from.
#[derive(Clone, Copy, Debug)]
pub enum FuncKind {
    /// From a body of an instance's module.
    Defined {
        /// The instance.
        instance: InstanceId,
        /// Its index there.
        index: FuncIndex,
    },
    /// From the runtime: a function of WASI preview 1 or wasi-threads.
    Wasi {
        /// The function.
        function: &'static WasiFunction,
        /// The importing instance's memory; `None` when it has none.
        memory: Option<MemoryId>,
    },
    /// From the runtime: a function of WASI 0.2, or one of the canonical ABI.
    Host {
        /// The function.
        function: &'static HostFunction,
        /// What it is handed with each call; `None` when it needs nothing.
        record: Option<RecordId>,
    },
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its type, as its owner declares it.
    pub ty: TableType,
    /// The instance that creates it.
    pub owner: InstanceId,
    /// What its elements are when it is created.
    pub init: Reference,
}

/// A memory.
#[derive(Debug)]
pub struct Memory {
    /// Its type, as its owner declares it.
    pub ty: MemoryType,
    /// The instance that creates it.
    pub owner: InstanceId,
    /// Of a shared memory that is imported and that no instance exports, which the program itself
    /// makes: the names of the import.
    pub made_for: Option<(String, String)>,
}

impl Memory {
    /// Bytes it has when it is created; `u64::MAX` stands for more.
    pub fn initial_bytes(&self) -> u64 {
        bytes_of_pages(self.ty.initial, self.page_log2())
    }

    /// log2 of its page size.
    pub fn page_log2(&self) -> u32 {
        page_log2(&self.ty)
    }
}

/// log2 of the page size of memories of a type.
pub(super) fn page_log2(ty: &MemoryType) -> u32 {
    ty.page_size_log2.unwrap_or(16)
}

/// Bytes of a number of pages; `u64::MAX` stands for more.
pub(super) fn bytes_of_pages(pages: u64, page_log2: u32) -> u64 {
    pages.saturating_mul(1 << page_log2)
}

/// A global.
#[derive(Debug)]
pub struct Global {
    /// Its type; a type index in it is a [`TypeId`].
    pub ty: GlobalType,
    /// Its initial value, for ever if it is immutable.
    pub value: Constant,
}

/// An exception tag.
#[derive(Debug)]
pub struct Tag {
    /// Its function type.
    pub ty: TypeId,
    /// What messages call it.
    pub name: String,
}

/// An element segment.
#[derive(Debug)]
pub struct Elem {
    /// Its elements.
    pub items: Vec<Reference>,
    /// What becomes of it at instantiation.
    pub mode: SegmentMode<TableId>,
}

/// A data segment.
#[derive(Debug)]
pub struct Data<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What becomes of it at instantiation.
    pub mode: SegmentMode<MemoryId>,
}

/// What becomes of a segment at instantiation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SegmentMode<Target> {
    /// It stays, for instructions that read it.
    Passive,
    /// It is copied and dropped.
    Active {
        /// The table or memory.
        target: Target,
        /// The index there.
        offset: u64,
    },
    /// It is dropped.
    Declared,
}

impl<Target> SegmentMode<Target> {
    /// Whether code may find something in it: others are dropped from the start.
    pub fn is_passive(&self) -> bool {
        matches!(self, SegmentMode::Passive)
    }
}

/// How an exception carries the values of its tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload {
    /// There are none.
    None,
    /// One of 32 bits: in the upper half of the reference.
    Word,
    /// In memory.
    Memory,
}

impl World<'_> {
    /// The body of a defined function.
    pub fn body(&self, instance: InstanceId, index: FuncIndex) -> &Body<'_> {
        let func = &self.instances[instance].module.funcs[index];
        func.body.as_ref().expect("a defined function")
    }

    /// The values that exceptions of a tag carry.
    pub fn tag_params(&self, tag: TagId) -> &[wasmparser::ValType] {
        self.types.func(self.tags[tag].ty).params()
    }

    /// How exceptions of a tag carry its values.
    pub fn payload(&self, tag: TagId) -> Payload {
        match self.tag_params(tag) {
            [] => Payload::None,
            [wasmparser::ValType::I32 | wasmparser::ValType::F32] => Payload::Word,
            _ => Payload::Memory,
        }
    }

    /// The id that a tag has in references to exceptions: from 1, because null is 0. The upmost
    /// bit says that the payload lies in memory.
    pub fn tag_id(&self, tag: TagId) -> u32 {
        let in_memory = self.payload(tag) == Payload::Memory;
        (tag.index() as u32 + 1) | (u32::from(in_memory) << 31)
    }
}
