//! How does the text format write types?

use wasmparser::{HeapType, RefType, ValType};

/// A value type as the text format writes it.
pub(crate) fn val_type(ty: ValType) -> String {
    match ty {
        ValType::Ref(ty) => ref_type(ty),
        _ => ty.to_string(),
    }
}

/// A reference type as the text format writes it.
pub(crate) fn ref_type(ty: RefType) -> String {
    let null = if ty.is_nullable() { "null " } else { "" };
    let index = ty.type_index().and_then(|index| index.as_module_index());
    match (ty.heap_type(), index) {
        (HeapType::Concrete(_), Some(index)) => format!("(ref {null}{index})"),
        (HeapType::Exact(_), Some(index)) => format!("(ref {null}(exact {index}))"),
        _ => ty.to_string(),
    }
}
