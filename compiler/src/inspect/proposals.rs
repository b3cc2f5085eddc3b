//! Which proposals a function body uses.

use wasmparser::{
    AbstractHeapType, BlockType, FuncToValidate, FuncValidatorAllocations, FunctionBody, HeapType,
    Operator, OperatorsReader, RefType, ValType, ValidatorResources, WasmFeatures,
};

/// The proposals of the operators and types of a body, which is validated on the way.
pub(super) fn used_by_operators(
    allocations: &mut FuncValidatorAllocations,
    to_validate: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
) -> Result<WasmFeatures, wasmparser::Error> {
    let mut validator = to_validate.into_validator(std::mem::take(allocations));
    let mut used = WasmFeatures::empty();
    for local in body.get_locals_reader()? {
        used |= of_value(local?.1);
    }
    let mut reader = body.get_binary_reader();
    reader.set_features(*validator.features());
    validator.read_locals(&mut reader)?;
    let mut operators = OperatorsReader::new(reader);
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        validator.op(offset, &operator)?;
        used |= of_operator(&operator) | of_immediate(&operator);
    }
    operators.finish()?;
    *allocations = validator.into_allocations();
    Ok(used)
}

macro_rules! bits {
    (mvp) => {
        WasmFeatures::empty()
    };
    (exceptions) => {
        WasmFeatures::EXCEPTIONS
    };
    (tail_call) => {
        WasmFeatures::TAIL_CALL
    };
    (reference_types) => {
        WasmFeatures::REFERENCE_TYPES
    };
    (sign_extension) => {
        WasmFeatures::SIGN_EXTENSION
    };
    (saturating_float_to_int) => {
        WasmFeatures::SATURATING_FLOAT_TO_INT
    };
    (bulk_memory) => {
        WasmFeatures::BULK_MEMORY
    };
    (legacy_exceptions) => {
        WasmFeatures::LEGACY_EXCEPTIONS
    };
    (memory_control) => {
        WasmFeatures::MEMORY_CONTROL
    };
    (threads) => {
        WasmFeatures::THREADS
    };
    (gc) => {
        WasmFeatures::GC
    };
    (function_references) => {
        WasmFeatures::FUNCTION_REFERENCES
    };
    (stack_switching) => {
        WasmFeatures::STACK_SWITCHING
    };
    (wide_arithmetic) => {
        WasmFeatures::WIDE_ARITHMETIC
    };
    (custom_descriptors) => {
        WasmFeatures::CUSTOM_DESCRIPTORS
    };
    (shared_everything_threads) => {
        WasmFeatures::SHARED_EVERYTHING_THREADS
    };
    (acquire_release_atomics) => {
        WasmFeatures::ACQUIRE_RELEASE_ATOMICS
    };
    (simd) => {
        WasmFeatures::SIMD
    };
    (relaxed_simd) => {
        WasmFeatures::RELAXED_SIMD
    };
}

macro_rules! define_of_operator {
    ($(@$proposal:ident $op:ident $({ $($field:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// The proposal that an operator belongs to, by wasmparser's table of operators.
        pub(crate) fn of_operator(operator: &Operator<'_>) -> WasmFeatures {
            match operator {
                $(Operator::$op { .. } => bits!($proposal),)*
                _ => WasmFeatures::empty(),
            }
        }
    };
}

wasmparser::for_each_operator!(define_of_operator);

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
