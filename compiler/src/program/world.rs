//! The closed world: the instances, and the entities that every index of every module means.

use std::collections::HashMap;

use cranelift_codegen::entity::{EntityRef, PrimaryMap};
use wasmc_abi::p2::HostFunction;
use wasmc_abi::wasi::WasiFunction;
use wasmparser::{ConstExpr, GlobalType, MemoryType, StorageType, TableType};

use super::consts::{Constant, Reference};
use super::objects::{Objects, StructLayout};
use super::records::Components;
use super::types::Types;
use crate::index::{
    ComponentId, DataId, DataIndex, ElemId, ElemIndex, FuncId, FuncIndex, GlobalId, GlobalIndex,
    InstanceId, MemoryId, MemoryIndex, RecordId, TableId, TableIndex, TagId, TagIndex, TypeId,
    TypeIndex,
};
use crate::module::{Body, ElemItems, Module};

/// Everything that the program consists of, whether or not it is ever used.
#[derive(Debug)]
pub struct World<'a> {
    /// The instances in the order of instantiation.
    pub instances: PrimaryMap<InstanceId, Instance<'a>>,
    /// Types, each once.
    pub types: Types,
    /// How objects of them lie in memory.
    pub objects: Objects,
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
    /// Functions that it imports and calls while a component instance may not be left: what adapters
    /// call when they have read results.
    pub without_leave: HashMap<FuncIndex, ComponentId>,
}

impl<'a> Instance<'a> {
    /// The constant expressions that instantiation evaluates, because they make objects or refer to
    /// some.
    pub(super) fn computed<'i>(
        &'i self,
        world: &'i World<'a>,
    ) -> impl Iterator<Item = &'i ConstExpr<'a>> {
        let globals = self.module.globals.iter().filter(|(index, _)| {
            let global = &world.globals[self.globals[*index]];
            global.value.is_computed()
        });
        let globals = globals.filter_map(|(_, global)| global.init.as_ref());
        let tables = self.module.tables.iter().filter(|(index, _)| {
            let table = &world.tables[self.tables[*index]];
            table.init == Reference::Computed
        });
        let tables = tables.filter_map(|(_, table)| table.init.as_ref());
        let elems = self.module.elems.iter().flat_map(|(index, elem)| {
            let exprs = match &elem.items {
                ElemItems::Exprs(exprs) => &exprs[..],
                ElemItems::Funcs(_) => &[],
            };
            let items = &world.elems[self.elems[index]].items;
            let computed = exprs.iter().zip(items);
            computed.filter(|(_, item)| **item == Reference::Computed)
        });
        globals.chain(tables).chain(elems.map(|(expr, _)| expr))
    }
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
    /// Its type, as its owner declares it; a type index in it is a [`TypeId`].
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

impl Global {
    /// Whether its value is in a cell, because code or a collection changes it, or because it is known
    /// only at run time.
    pub fn has_changing_cell(&self) -> bool {
        self.ty.mutable || self.value.is_computed()
    }
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
    /// In the fields of the object that the exception is.
    Object,
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
            _ if self.types.has_objects() => Payload::Object,
            [] => Payload::None,
            [wasmparser::ValType::I32 | wasmparser::ValType::F32] => Payload::Word,
            _ => Payload::Memory,
        }
    }

    /// How exceptions of a tag lie in memory, in a program with objects.
    pub fn exception_layout(&self, tag: TagId) -> StructLayout {
        let fields = self.tag_params(tag).iter().copied();
        StructLayout::new(&self.types, fields.map(StorageType::Val))
    }

    /// The id that exceptions of a tag have as objects.
    pub fn exception_id(&self, tag: TagId) -> u32 {
        self.types.first_exception() + tag.as_u32()
    }

    /// The id that a tag has in references to exceptions, or in the headers of those that are
    /// objects: from 1, because null is 0. The upmost bit says that the payload lies in memory.
    pub fn tag_id(&self, tag: TagId) -> u32 {
        if self.types.has_objects() {
            return self.exception_id(tag) * 2;
        }
        let in_memory = self.payload(tag) == Payload::Memory;
        (tag.index() as u32 + 1) | (u32::from(in_memory) << 31)
    }
}
