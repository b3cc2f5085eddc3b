//! Decisions: what the executable consists of and where everything lies.
//!
//! `plan` makes a [`Program`] of the instances' modules; from then on it is only
//! read. Every entity of every instance has one id here, whatever modules import it under
//! whatever names, and everything that compiled code refers to has its place.

mod consts;
pub(crate) mod imports;
mod live;
pub(crate) mod places;
pub(crate) mod script;
pub(crate) mod steps;
pub(crate) mod threads;
pub(crate) mod tracked;
mod types;
pub(crate) mod world;

use cranelift_codegen::entity::{EntityRef, PrimaryMap, SecondaryMap};
use wasmc_abi::wasi::WasiFunction;
use wasmparser::{FuncType, GlobalType, MemoryType, TableType};

use crate::index::{
    DataId, DataIndex, ElemId, ElemIndex, FuncId, FuncIndex, GlobalId, GlobalIndex, InstanceId,
    MemoryId, MemoryIndex, SigId, TableId, TableIndex, TagId, TagIndex, TypeIndex,
};
use crate::module::{Body, Module};
use tracked::Tracked;

/// Everything that was decided about an executable.
#[derive(Debug)]
pub struct Program<'a> {
    /// The instances in the order of instantiation.
    pub instances: PrimaryMap<InstanceId, Instance<'a>>,
    /// Signatures, each once. A type index in one of them is a [`SigId`].
    pub sigs: PrimaryMap<SigId, FuncType>,
    /// Functions.
    pub funcs: PrimaryMap<FuncId, Func>,
    /// Tables.
    pub tables: PrimaryMap<TableId, Table>,
    /// Memories.
    pub memories: PrimaryMap<MemoryId, Memory>,
    /// Globals.
    pub globals: PrimaryMap<GlobalId, Global>,
    /// Signatures of the tags.
    pub tags: PrimaryMap<TagId, SigId>,
    /// What messages call the tags.
    pub tag_names: PrimaryMap<TagId, String>,
    /// Element segments.
    pub elems: PrimaryMap<ElemId, Elem>,
    /// Data segments.
    pub datas: PrimaryMap<DataId, Data<'a>>,
    /// What the text consists of, in order.
    pub code: Vec<CodeItem>,
    /// Functions to which code makes references: the table of funcref constants.
    pub ref_funcs: Vec<FuncId>,
    /// Pieces of initial memory that are moved into place.
    pub images: Vec<Image>,
    /// Bytes of the writable state, and where its parts lie.
    pub state: StateLayout,
    /// Called first: `_initialize` of a reactor.
    pub initialize: Option<FuncId>,
    /// Called then: `_start`, or what `--invoke` names.
    pub entry: Option<FuncId>,
    /// Whether `entry` takes its arguments from the command line.
    pub invoke: bool,
    /// How threads of the guest start; `None` when live code starts none.
    pub threads: Option<threads::Threads>,
    /// Shared memories that are imported and that no instance exports.
    pub made_memories: Vec<MadeMemory>,
    /// Commands of a spec-suite driver.
    pub script: Option<Vec<script::ScriptStep>>,
    /// Whether debuggers are told about the code.
    pub with_debug: bool,
    /// The locals that are kept where debuggers find them.
    pub tracked: SecondaryMap<FuncId, Tracked>,
}

/// A shared memory that instances import and that the program itself makes.
#[derive(Debug)]
pub struct MadeMemory {
    /// The import's name: module and entity.
    pub name: (String, String),
    /// The memory.
    pub memory: MemoryId,
    /// The first instance that imports it, which creates it.
    pub instance: InstanceId,
}

/// An instance of a module: which entities its indices mean.
#[derive(Debug)]
pub struct Instance<'a> {
    /// A name for messages; empty for the only instance of a program.
    pub name: String,
    /// Its module.
    pub module: Module<'a>,
    /// Signatures of the module's types.
    pub sigs: PrimaryMap<TypeIndex, SigId>,
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
    /// The `_initialize` of a reactor that the main module is linked with.
    pub linked_initialize: Option<FuncIndex>,
    /// What its instantiation does, in order.
    pub steps: Vec<Step>,
}

/// A function.
#[derive(Debug)]
pub struct Func {
    /// Its signature.
    pub sig: SigId,
    /// Where its code comes from.
    pub kind: FuncKind,
    /// Its name, for symbols and backtraces.
    pub name: Option<String>,
    /// Whether its code is part of the text: reachable, and for a WASI function also reached by
    /// other means than direct calls.
    pub in_text: bool,
    /// Its index in [`Program::ref_funcs`].
    pub ref_slot: Option<u32>,
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
    /// From the runtime.
    Wasi {
        /// The function.
        function: &'static WasiFunction,
        /// The importing instance's memory; `None` when it has none.
        memory: Option<MemoryId>,
    },
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its type, as its owner declares it.
    pub ty: TableType,
    /// Most elements it may have.
    pub max: u64,
    /// Whether reachable code grows it.
    pub grows: bool,
    /// Whether reachable code or an import can write its elements after its creation.
    pub writable: bool,
    /// Where its elements lie.
    pub place: TablePlace,
    /// Elements that it has from the start when its storage is in the image.
    pub image: Vec<Reference>,
    /// Offset of its [`TableState`](wasmc_abi::layout::TableState) in the state.
    pub state: u32,
}

/// Where a table's elements lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TablePlace {
    /// At a fixed address: it grows.
    Slot(u64),
    /// At an offset in the read-only tables.
    ReadOnly(u32),
    /// At an offset in the writable state.
    State(u32),
    /// At an offset in the zero-initialised state.
    Zero(u32),
    /// At an offset in the thread's block, in a program that starts threads.
    Block(u32),
    /// Where the thread's table state says: it grows, in a program that starts threads.
    Mapped,
}

/// A memory.
#[derive(Debug)]
pub struct Memory {
    /// Its type, as its owner declares it.
    pub ty: MemoryType,
    /// Address of its first byte.
    pub base: u64,
    /// How accesses are kept inside.
    pub strategy: Strategy,
    /// Most bytes it may have.
    pub max: u64,
    /// Whether reachable code grows it.
    pub grows: bool,
    /// Offset of its [`MemoryState`](wasmc_abi::layout::MemoryState) in the state.
    pub state: u32,
}

/// How accesses are kept inside a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// By a reservation that covers every index and offset: the MMU checks.
    Guarded,
    /// By code that compares with the memory's size.
    Checked,
}

/// A global.
#[derive(Debug)]
pub struct Global {
    /// Its type.
    pub ty: GlobalType,
    /// Its initial value, for ever if it is immutable.
    pub value: Constant,
    /// Offset of its cell in the state; `None` when the value is folded into the code.
    pub cell: Option<u32>,
}

/// A value known at compile time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum Constant {
    I32(i32),
    I64(i64),
    /// Bits.
    F32(u32),
    /// Bits.
    F64(u64),
    /// Bits.
    V128(u128),
    Ref(Reference),
}

/// A reference known at compile time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum Reference {
    Null,
    Func(FuncId),
}

/// An element segment.
#[derive(Debug)]
pub struct Elem {
    /// Its elements.
    pub items: Vec<Reference>,
    /// Whether `table.init` of reachable code reads it.
    pub used_by_init: bool,
    /// Whether it is passive; others are dropped from the start as far as code sees.
    pub passive: bool,
    /// Offset in the state of its current length (`u64`), when reachable code drops it.
    pub length_cell: Option<u32>,
    /// Whether its elements are part of the image: `table.init` or an [`Step::InitTable`] needs them.
    pub in_image: bool,
}

/// A data segment.
#[derive(Debug)]
pub struct Data<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether `memory.init` of reachable code reads it.
    pub used_by_init: bool,
    /// Whether it is passive; others are dropped from the start as far as code sees.
    pub passive: bool,
    /// Offset in the state of its current length (`u64`), when reachable code drops it.
    pub length_cell: Option<u32>,
    /// Whether its bytes are part of the segments: `memory.init` or an [`Step::InitMemory`] needs
    /// them.
    pub in_image: bool,
}

/// A part of the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CodeItem {
    /// A function, or the thunk of a WASI function.
    Func(FuncId),
    /// The trampoline of a signature, by which the runtime calls functions.
    Trampoline(SigId),
}

/// A piece of initial memory that is moved into place: whole pages.
#[derive(Debug)]
pub struct Image {
    /// Bytes; a multiple of the target's page alignment.
    pub len: u64,
    /// Segments: offset in the image and bytes.
    pub parts: Vec<(u64, DataId)>,
}

/// Where the parts of the writable state lie.
#[derive(Debug, Default)]
pub struct StateLayout {
    /// Bytes of the initialised state: memory states, table states, globals, lengths, tables.
    pub len: u32,
    /// Bytes of the zero-initialised state.
    pub zero_len: u32,
    /// Bytes of the read-only tables.
    pub read_only_len: u32,
    /// Offset of a memory state of no bytes, for WASI functions of instances without a memory.
    pub empty_memory: Option<u32>,
    /// Where payloads of exceptions lie; `None` when each fits into its reference.
    pub payloads: Option<Payloads>,
    /// Offset of the fuel that is left (`i64`); `None` in a program that does not count.
    pub fuel: Option<u32>,
    /// Bytes with which a thread's block begins; 0 in a program that starts no threads. There
    /// the states and storage of tables, globals, lengths and payloads have their offsets in
    /// the block rather than in the state.
    pub template_len: u32,
    /// Bytes of a thread's block.
    pub block_len: u32,
}

/// Where payloads of exceptions lie.
#[derive(Clone, Debug)]
pub struct Payloads {
    /// Offset in the state, or in a thread's block, of the payload of the exception that was thrown
    /// last.
    pub current: u32,
    /// Bytes of the largest payload.
    pub bytes: u32,
    /// Offset, beside it, of the [`ExceptionPool`](wasmc_abi::layout::ExceptionPool); the roots
    /// follow it.
    pub pool: u32,
    /// Address of the payloads of exceptions that references were made of; in a program that starts
    /// threads the pool of each says where its own are.
    pub base: u64,
    /// Whether one may hold references to exceptions.
    pub traced: bool,
    /// Where else such references may be.
    pub roots: Vec<ExceptionRoot>,
}

/// A place in the state that may hold references to exceptions: an offset.
#[derive(Clone, Copy, Debug)]
pub enum ExceptionRoot {
    /// The cell of a global.
    Global(u32),
    /// The state of a table.
    Table(u32),
}

/// A step of instantiation; [`wasmc_abi::layout::InitStepKind`] says what each does.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "documented in wasmc-abi")]
pub enum Step {
    CheckMemory {
        memory: MemoryId,
        min: u64,
    },
    CheckTable {
        table: TableId,
        min: u64,
    },
    CreateMemory {
        memory: MemoryId,
        bytes: u64,
    },
    PlaceImage {
        memory: MemoryId,
        offset: u64,
        image: usize,
    },
    CreateTable {
        table: TableId,
        size: u64,
        init: Reference,
    },
    InitMemory {
        memory: MemoryId,
        offset: u64,
        data: DataId,
    },
    InitTable {
        table: TableId,
        offset: u64,
        elem: ElemId,
    },
    /// With `once`, only when the program starts, not when one of its threads does.
    Call {
        func: FuncId,
        once: bool,
    },
}

/// Bytes of a global's cell.
pub const GLOBAL_CELL: u32 = 16;

impl Program<'_> {
    /// The id that a signature has in funcrefs: from 1, because null is 0.
    pub fn type_id(&self, sig: SigId) -> u32 {
        sig.index() as u32 + 1
    }

    /// The body of a defined function.
    pub fn body(&self, instance: InstanceId, index: FuncIndex) -> &Body<'_> {
        let func = &self.instances[instance].module.funcs[index];
        func.body.as_ref().expect("a defined function")
    }
}

impl Memory {
    /// Bytes it has when it is created; `u64::MAX` stands for more.
    pub fn initial_bytes(&self) -> u64 {
        bytes_of_pages(self.ty.initial, self.page_log2())
    }

    /// log2 of its page size.
    pub fn page_log2(&self) -> u32 {
        self.ty.page_size_log2.unwrap_or(16)
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

/// Bytes of a value of a payload in memory.
pub const PAYLOAD_VALUE: u32 = 16;

impl Program<'_> {
    /// How exceptions of a tag carry its values.
    pub fn payload(&self, tag: TagId) -> Payload {
        match self.sigs[self.tags[tag]].params() {
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

/// Bytes of a number of pages; `u64::MAX` stands for more.
fn bytes_of_pages(pages: u64, page_log2: u32) -> u64 {
    pages.saturating_mul(1 << page_log2)
}
