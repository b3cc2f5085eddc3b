//! How does the text format write types?

use wasmparser::{
    CompositeInnerType, FieldType, HeapType, PackedIndex, RefType, StorageType, SubType, ValType,
};

/// A value type as the text format writes it.
pub(crate) fn val_type(ty: ValType) -> String {
    match ty {
        ValType::Ref(ty) => ref_type(ty),
        _ => ty.to_string(),
    }
}

/// A type that a module declares, as the text format writes it; other types by their index.
pub(crate) fn sub_type(ty: &SubType) -> String {
    let structure = match &ty.composite_type.inner {
        CompositeInnerType::Struct(ty) => {
            let fields = ty
                .fields
                .iter()
                .map(|field| format!(" {}", field_type(field)));
            format!("(struct{})", fields.collect::<String>())
        }
        CompositeInnerType::Array(ty) => format!("(array {})", field_type(&ty.0)),
        CompositeInnerType::Func(ty) => {
            let mut text = "(func".to_owned();
            for (keyword, types) in [("param", ty.params()), ("result", ty.results())] {
                if !types.is_empty() {
                    let types: Vec<_> = types.iter().map(|&ty| val_type(ty)).collect();
                    text += &format!(" ({keyword} {})", types.join(" "));
                }
            }
            text + ")"
        }
        CompositeInnerType::Cont(_) => ty.to_string(),
    };
    let index = |index: &PackedIndex| index.as_module_index().map(|index| format!(" {index}"));
    let supertype = ty.supertype_idxs.first().and_then(index);
    match (ty.is_final, supertype) {
        (true, None) => structure,
        (true, Some(supertype)) => format!("(sub final{supertype} {structure})"),
        (false, supertype) => format!("(sub{} {structure})", supertype.unwrap_or_default()),
    }
}

fn field_type(field: &FieldType) -> String {
    let content = match field.element_type {
        StorageType::I8 => "i8".to_owned(),
        StorageType::I16 => "i16".to_owned(),
        StorageType::Val(ty) => val_type(ty),
    };
    match field.mutable {
        true => format!("(mut {content})"),
        false => content,
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
