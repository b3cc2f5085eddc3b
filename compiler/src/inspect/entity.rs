//! Types of imports and exports, as structures and as text.

use std::fmt;

use wasmc_abi::wasi::{ValueType, WasiFunction};
use wasmparser::{FuncType, GlobalType, MemoryType, TableType, ValType};

use crate::type_text::{ref_type, val_type};

/// The type of an import or export.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EntityType {
    /// A function: its type as text.
    Func(String),
    /// A table.
    Table {
        /// The element type as text.
        element: String,
        /// Sizes in elements.
        limits: Limits,
    },
    /// A memory.
    Memory {
        /// Sizes in pages.
        limits: Limits,
        /// Bytes of a page.
        page_size: u64,
    },
    /// A global.
    Global {
        /// The content's type as text.
        content: String,
        /// Whether it can be written.
        mutable: bool,
        /// Whether it is shared between threads.
        shared: bool,
    },
    /// An exception tag: its type as text.
    Tag(String),
}

/// Sizes of a table or memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The initial size.
    pub minimum: u64,
    /// The largest size, when there is one.
    pub maximum: Option<u64>,
    /// Whether indices have 64 bits rather than 32.
    pub index64: bool,
    /// Whether it is shared between threads.
    pub shared: bool,
}

impl EntityType {
    /// A word for the kind of entity.
    pub fn kind(&self) -> &'static str {
        match self {
            EntityType::Func(_) => "func",
            EntityType::Table { .. } => "table",
            EntityType::Memory { .. } => "memory",
            EntityType::Global { .. } => "global",
            EntityType::Tag(_) => "tag",
        }
    }

    pub(super) fn table(ty: &TableType) -> EntityType {
        EntityType::Table {
            element: ref_type(ty.element_type),
            limits: Limits {
                minimum: ty.initial,
                maximum: ty.maximum,
                index64: ty.table64,
                shared: ty.shared,
            },
        }
    }

    pub(super) fn memory(ty: &MemoryType) -> EntityType {
        EntityType::Memory {
            limits: Limits {
                minimum: ty.initial,
                maximum: ty.maximum,
                index64: ty.memory64,
                shared: ty.shared,
            },
            page_size: 1 << ty.page_size_log2.unwrap_or(16),
        }
    }

    pub(super) fn global(ty: &GlobalType) -> EntityType {
        EntityType::Global {
            content: val_type(ty.content_type),
            mutable: ty.mutable,
            shared: ty.shared,
        }
    }
}

impl fmt::Display for EntityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EntityType::Func(ty) | EntityType::Tag(ty) => f.write_str(ty),
            EntityType::Table { element, limits } => write!(f, "{limits} {element}"),
            EntityType::Memory { limits, page_size } => {
                write!(f, "{limits} pages")?;
                match page_size {
                    0x1_0000 => Ok(()),
                    _ => write!(f, " of {page_size} bytes"),
                }
            }
            EntityType::Global {
                content,
                mutable,
                shared,
            } => {
                let shared = if *shared { "shared " } else { "" };
                let mutable = if *mutable { "mut " } else { "" };
                write!(f, "{shared}{mutable}{content}")
            }
        }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shared {
            f.write_str("shared ")?;
        }
        if self.index64 {
            f.write_str("i64 ")?;
        }
        match self.maximum {
            Some(maximum) => write!(f, "{}..{maximum}", self.minimum),
            None => write!(f, "{}..", self.minimum),
        }
    }
}

/// `(i32, i64) -> f32`; `(i32)` without results.
pub(super) fn func_type(ty: &FuncType) -> String {
    let list = |types: &[ValType]| {
        let types: Vec<_> = types.iter().map(|&ty| val_type(ty)).collect();
        types.join(", ")
    };
    signature(&list(ty.params()), &list(ty.results()), ty.results().len())
}

/// The type of a function of the runtime, in the form of [`func_type`].
pub(super) fn wasi_type(function: &WasiFunction) -> String {
    let name = |ty: ValueType| match ty {
        ValueType::I32 => "i32",
        ValueType::I64 => "i64",
    };
    let params: Vec<_> = function.params.iter().map(|&(_, ty)| name(ty)).collect();
    let result = function.result.map(name);
    let results = usize::from(result.is_some());
    signature(&params.join(", "), result.unwrap_or_default(), results)
}

fn signature(params: &str, results: &str, count: usize) -> String {
    match count {
        0 => format!("({params})"),
        1 => format!("({params}) -> {results}"),
        _ => format!("({params}) -> ({results})"),
    }
}
