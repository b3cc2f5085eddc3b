//! A validated module: facts as the bytes state them, nothing decided.

use cranelift_codegen::entity::PrimaryMap;
use wasmparser::{ConstExpr, FuncType, FunctionBody, GlobalType, MemoryType, SubType, TableType};

use crate::dwarf::sections::DebugSections;
use crate::hints::BranchHints;
use crate::index::{
    DataIndex, ElemIndex, FuncIndex, GlobalIndex, MemoryIndex, TableIndex, TagIndex, TypeIndex,
};
use crate::names::Names;

/// A validated module. It borrows the bytes it was parsed from.
#[derive(Debug, Default)]
pub struct Module<'a> {
    /// What the name section says.
    pub names: Names<'a>,
    /// Which branches are likely.
    pub branch_hints: BranchHints,
    /// Debugging information, unread.
    pub debug: DebugSections<'a>,
    /// Types.
    pub types: PrimaryMap<TypeIndex, SubType>,
    /// Numbers of types of the recursion groups, in order.
    pub rec_groups: Vec<usize>,
    /// Imports in the order of the module.
    pub imports: Vec<Import<'a>>,
    /// Every function, imports first.
    pub funcs: PrimaryMap<FuncIndex, Func<'a>>,
    /// Every table, imports first.
    pub tables: PrimaryMap<TableIndex, Table<'a>>,
    /// Every memory, imports first.
    pub memories: PrimaryMap<MemoryIndex, MemoryType>,
    /// Every global, imports first.
    pub globals: PrimaryMap<GlobalIndex, Global<'a>>,
    /// Types of the tags, imports first.
    pub tags: PrimaryMap<TagIndex, TypeIndex>,
    /// Exports in the order of the module.
    pub exports: Vec<Export<'a>>,
    /// The start function.
    pub start: Option<FuncIndex>,
    /// Element segments.
    pub elems: PrimaryMap<ElemIndex, ElemSegment<'a>>,
    /// Data segments.
    pub datas: PrimaryMap<DataIndex, DataSegment<'a>>,
    /// Number of imported functions.
    pub imported_funcs: usize,
    /// Number of imported tables.
    pub imported_tables: usize,
    /// Number of imported memories.
    pub imported_memories: usize,
    /// Number of imported globals.
    pub imported_globals: usize,
    /// Number of imported tags.
    pub imported_tags: usize,
}

/// An import.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// Name of the module it comes from.
    pub module: &'a str,
    /// Its name there.
    pub name: &'a str,
    /// The entity of this module that it defines.
    pub entity: Entity,
}

/// An export.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// The entity.
    pub entity: Entity,
}

/// Something that modules import and export.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entity {
    Func(FuncIndex),
    Table(TableIndex),
    Memory(MemoryIndex),
    Global(GlobalIndex),
    Tag(TagIndex),
}

/// A function.
#[derive(Debug)]
pub struct Func<'a> {
    /// Its type.
    pub ty: TypeIndex,
    /// Its body; `None` for an import.
    pub body: Option<Body<'a>>,
}

/// A function's body and what the planner needs to know of it.
#[derive(Debug)]
pub struct Body<'a> {
    /// Locals and instructions.
    pub bytes: FunctionBody<'a>,
    /// What the instructions refer to, each once.
    pub facts: Vec<Fact>,
    /// How deep its control frames are nested.
    pub nesting: u32,
    /// Whether it has a `rethrow`.
    pub rethrows: bool,
}

/// Something that a function's instructions do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fact {
    /// Calls the function directly.
    Call(FuncIndex),
    /// Calls the function as a tail call.
    TailCall(FuncIndex),
    /// Makes a reference to the function.
    RefFunc(FuncIndex),
    /// Reads elements of the table, or calls through them.
    TableRead(TableIndex),
    /// Calls a function by a reference.
    CallRef,
    /// Calls a function of a type through an element of the table that is constant.
    CallElement {
        /// The table.
        table: TableIndex,
        /// The type.
        ty: TypeIndex,
        /// The element.
        index: u32,
    },
    /// Writes elements of the table.
    TableWrite(TableIndex),
    /// Grows the table.
    TableGrow(TableIndex),
    /// Reads elements of the segment.
    ElemInit(ElemIndex),
    /// Drops the segment.
    ElemDrop(ElemIndex),
    /// Reads bytes of the segment.
    DataInit(DataIndex),
    /// Drops the segment.
    DataDrop(DataIndex),
    /// Grows the memory.
    MemoryGrow(MemoryIndex),
    /// Accesses the memory; the weight grows with the depth of loops.
    Memory(MemoryIndex, u32),
    /// Wakes threads that wait at an address.
    Notify,
    /// Waits at an address.
    Wait,
    /// Makes a reference to an exception, or keeps one that was caught.
    KeepException,
}

/// A table.
#[derive(Debug)]
pub struct Table<'a> {
    /// Its type.
    pub ty: TableType,
    /// Initial value of its elements when it is not null.
    pub init: Option<ConstExpr<'a>>,
}

/// A global.
#[derive(Debug)]
pub struct Global<'a> {
    /// Its type.
    pub ty: GlobalType,
    /// Its initial value; `None` for an import.
    pub init: Option<ConstExpr<'a>>,
}

/// An element segment.
#[derive(Debug)]
pub struct ElemSegment<'a> {
    /// When and where it is copied.
    pub mode: ElemMode<'a>,
    /// Its elements.
    pub items: ElemItems<'a>,
}

/// When and where an element segment is copied.
#[derive(Clone, Debug)]
pub enum ElemMode<'a> {
    Active {
        table: TableIndex,
        offset: ConstExpr<'a>,
    },
    Passive,
    Declared,
}

/// The elements of a segment.
#[derive(Debug)]
pub enum ElemItems<'a> {
    /// References to functions.
    Funcs(Vec<FuncIndex>),
    /// Constant expressions.
    Exprs(Vec<ConstExpr<'a>>),
}

/// A data segment.
#[derive(Debug)]
pub struct DataSegment<'a> {
    /// Where it is copied at instantiation; `None` for a passive segment.
    pub active: Option<(MemoryIndex, ConstExpr<'a>)>,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl<'a> Module<'a> {
    /// The type of a function.
    pub fn func_type(&self, func: FuncIndex) -> &FuncType {
        self.types[self.funcs[func].ty].unwrap_func()
    }

    /// Whether a function has neither parameters nor results.
    pub fn is_procedure(&self, func: FuncIndex) -> bool {
        let ty = self.func_type(func);
        ty.params().is_empty() && ty.results().is_empty()
    }

    /// Whether the only function that is exported is `_initialize`, which then is the program.
    pub fn only_initializes(&self) -> bool {
        let mut funcs = self
            .exports
            .iter()
            .filter_map(|export| match export.entity {
                Entity::Func(index) => Some((export.name, index)),
                _ => None,
            });
        match (funcs.next(), funcs.next()) {
            (Some(("_initialize", index)), None) => self.is_procedure(index),
            _ => false,
        }
    }

    /// The export with this name.
    pub fn export(&self, name: &str) -> Option<Entity> {
        self.exports
            .iter()
            .find(|export| export.name == name)
            .map(|export| export.entity)
    }

    /// The name of a function: that of the name section, else of an export, else of an import.
    pub fn func_name(&self, func: FuncIndex) -> Option<&'a str> {
        if let Some(name) = self.names.funcs.get(&func.as_u32()) {
            return Some(name);
        }
        let is_it = |entity: Entity| entity == Entity::Func(func);
        let exported = self.exports.iter().find(|export| is_it(export.entity));
        let imported = || self.imports.iter().find(|import| is_it(import.entity));
        exported
            .map(|export| export.name)
            .or_else(|| imported().map(|import| import.name))
    }
}
