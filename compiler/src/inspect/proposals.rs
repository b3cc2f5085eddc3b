//! Which proposals do the types and operators of a function's body belong to?

use wasmparser::{
    AbstractHeapType, BlockType, FunctionBody, HeapType, Operator, RefType, ValType, WasmFeatures,
};

use crate::parse::proposal_of;

/// The proposals of the types of a body's locals.
pub(super) fn of_locals(body: &FunctionBody<'_>) -> Result<WasmFeatures, wasmparser::Error> {
    let mut used = WasmFeatures::empty();
    for local in body.get_locals_reader()? {
        used |= of_value(local?.1);
    }
    Ok(used)
}

/// The proposals of an operator and of the types that it names.
pub(super) fn of_operator(operator: &Operator<'_>) -> WasmFeatures {
    proposal_of(operator) | of_immediate(operator)
}

/// The proposals of the types that an operator names.
fn of_immediate(operator: &Operator<'_>) -> WasmFeatures {
    match *operator {
        Operator::Block { blockty }
        | Operator::Loop { blockty }
        | Operator::If { blockty }
        | Operator::Try { blockty } => of_block(blockty),
        Operator::TryTable { ref try_table } => of_block(try_table.ty),
        Operator::RefNull { hty } => of_heap(hty),
        Operator::TypedSelect { ty } => of_value(ty),
        _ => WasmFeatures::empty(),
    }
}

fn of_block(ty: BlockType) -> WasmFeatures {
    match ty {
        BlockType::Empty => WasmFeatures::empty(),
        BlockType::Type(ty) => of_value(ty),
        BlockType::FuncType(_) => WasmFeatures::MULTI_VALUE,
    }
}

fn of_value(ty: ValType) -> WasmFeatures {
    match ty {
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => WasmFeatures::empty(),
        ValType::V128 => WasmFeatures::SIMD,
        ValType::Ref(RefType::FUNCREF | RefType::EXTERNREF) => WasmFeatures::REFERENCE_TYPES,
        ValType::Ref(ty) if ty.is_nullable() => of_heap(ty.heap_type()),
        ValType::Ref(ty) => WasmFeatures::FUNCTION_REFERENCES | of_heap(ty.heap_type()),
    }
}

fn of_heap(ty: HeapType) -> WasmFeatures {
    match ty {
        HeapType::Abstract { ty, .. } => match ty {
            AbstractHeapType::Func | AbstractHeapType::Extern => WasmFeatures::REFERENCE_TYPES,
            AbstractHeapType::Exn | AbstractHeapType::NoExn => WasmFeatures::EXCEPTIONS,
            AbstractHeapType::Cont | AbstractHeapType::NoCont => WasmFeatures::STACK_SWITCHING,
            _ => WasmFeatures::GC,
        },
        HeapType::Concrete(_) => WasmFeatures::FUNCTION_REFERENCES,
        HeapType::Exact(_) => WasmFeatures::CUSTOM_DESCRIPTORS,
    }
}
