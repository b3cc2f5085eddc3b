//! Constant expressions: in a closed world every one has a value at compile time, but for objects,
//! which instantiation makes.

use cranelift_codegen::entity::PrimaryMap;
use wasmparser::{ConstExpr, Operator};

use crate::error::{Error, Result};
use crate::index::{FuncId, FuncIndex, GlobalIndex};

/// A value known at compile time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
pub enum Reference {
    Null,
    Func(FuncId),
    /// The bits of an `i31`.
    Number(u32),
    /// To an object that instantiation makes, or that another constant expression refers to.
    Computed,
}

/// Evaluates a validated constant expression of an instance with these functions. `global` gives
/// the value of an immutable global.
pub(super) fn eval(
    expr: &ConstExpr<'_>,
    funcs: &PrimaryMap<FuncIndex, FuncId>,
    global: impl Fn(GlobalIndex) -> Constant,
) -> Result<Constant> {
    let mut stack = Vec::new();
    let mut reader = expr.get_operators_reader();
    while !reader.eof() {
        let operator = reader.read().map_err(|error| Error::invalid(&error))?;
        match operator {
            Operator::I32Const { value } => stack.push(Constant::I32(value)),
            Operator::I64Const { value } => stack.push(Constant::I64(value)),
            Operator::F32Const { value } => stack.push(Constant::F32(value.bits())),
            Operator::F64Const { value } => stack.push(Constant::F64(value.bits())),
            Operator::V128Const { value } => {
                stack.push(Constant::V128(u128::from_le_bytes(*value.bytes())));
            }
            Operator::RefNull { .. } => stack.push(Constant::Ref(Reference::Null)),
            Operator::RefFunc { function_index } => {
                let func = funcs[FuncIndex::from_u32(function_index)];
                stack.push(Constant::Ref(Reference::Func(func)));
            }
            Operator::GlobalGet { global_index } => {
                stack.push(global(GlobalIndex::from_u32(global_index)));
            }
            Operator::I32Add
            | Operator::I32Sub
            | Operator::I32Mul
            | Operator::I64Add
            | Operator::I64Sub
            | Operator::I64Mul => {
                let (right, left) = (stack.pop(), stack.pop());
                let value = left
                    .zip(right)
                    .and_then(|(l, r)| arithmetic(&operator, l, r));
                stack.push(value.expect("the expression validated"));
            }
            Operator::RefI31 => {
                let Some(Constant::I32(value)) = stack.pop() else {
                    unreachable!("the expression validated");
                };
                let bits = ((value as u32) << 1) | 1;
                stack.push(Constant::Ref(Reference::Number(bits)));
            }
            // The same reference.
            Operator::AnyConvertExtern | Operator::ExternConvertAny => {}
            // Nothing but an object is made of one.
            Operator::StructNew { .. }
            | Operator::StructNewDefault { .. }
            | Operator::ArrayNew { .. }
            | Operator::ArrayNewDefault { .. }
            | Operator::ArrayNewFixed { .. } => return Ok(Constant::Ref(Reference::Computed)),
            Operator::End => {}
            _ => unreachable!("the parser accepts only what is supported: {operator:?}"),
        }
    }
    Ok(stack.pop().expect("the expression validated"))
}

fn arithmetic(operator: &Operator<'_>, left: Constant, right: Constant) -> Option<Constant> {
    use Constant::{I32, I64};
    Some(match (operator, left, right) {
        (Operator::I32Add, I32(l), I32(r)) => I32(l.wrapping_add(r)),
        (Operator::I32Sub, I32(l), I32(r)) => I32(l.wrapping_sub(r)),
        (Operator::I32Mul, I32(l), I32(r)) => I32(l.wrapping_mul(r)),
        (Operator::I64Add, I64(l), I64(r)) => I64(l.wrapping_add(r)),
        (Operator::I64Sub, I64(l), I64(r)) => I64(l.wrapping_sub(r)),
        (Operator::I64Mul, I64(l), I64(r)) => I64(l.wrapping_mul(r)),
        _ => return None,
    })
}

/// The functions that a validated constant expression refers to.
pub(super) fn functions_of(expr: &ConstExpr<'_>) -> impl Iterator<Item = FuncIndex> {
    let operators = expr
        .get_operators_reader()
        .into_iter()
        .map_while(Result::ok);
    operators.filter_map(|operator| match operator {
        Operator::RefFunc { function_index } => Some(FuncIndex::from_u32(function_index)),
        _ => None,
    })
}

impl Constant {
    /// Whether it is known at run time only.
    pub fn is_computed(self) -> bool {
        self == Constant::Ref(Reference::Computed)
    }

    /// An index or offset in a table or memory of either width, zero-extended.
    pub(super) fn as_offset(self) -> u64 {
        match self {
            Constant::I32(value) => u64::from(value as u32),
            Constant::I64(value) => value as u64,
            _ => unreachable!("offsets are integers"),
        }
    }

    /// A reference.
    pub(super) fn as_reference(self) -> Reference {
        match self {
            Constant::Ref(reference) => reference,
            _ => unreachable!("elements are references"),
        }
    }
}
