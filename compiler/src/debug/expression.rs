//! How does a debugger of this machine find what DWARF of WebAssembly says a variable is?
//!
//! Expressions of a module compute with addresses of the guest, which are offsets in its memory; a
//! debugger reads addresses of the process. What is computed here stays an address of the guest until
//! something is read there, or until it is the result: only then the memory's own address is added.
//! A frame base is the one exception, being an address of the process from the beginning, so that
//! the commonest expression, an offset from it, stays as it is.

use gimli::write::{Address, Expression};
use gimli::{Encoding, Operation, Register, UnitRef};

use super::address::NativeFunction;
use crate::dwarf::sections::Reader;
use crate::program::tracked::local_of;
use crate::target::Arch;

/// The machine that expressions are translated for, and the memory that they mean.
#[derive(Clone, Copy)]
pub(super) struct Machine {
    /// Number of the frame pointer in DWARF.
    pub frame_pointer: Register,
    /// Address of the memory.
    pub base: u64,
    /// Bytes of the guest's pointers.
    pub pointer_bytes: u8,
}

impl Machine {
    pub fn new(arch: Arch, base: u64, pointer_bytes: u8) -> Machine {
        Machine {
            frame_pointer: Register(match arch {
                Arch::X86_64 => 6,
                Arch::Aarch64 => 29,
            }),
            base,
            pointer_bytes,
        }
    }
}

/// What an expression is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Where something is, or what it is if it ends so.
    Location,
    /// Where a member is, computed from the address of what it is a member of.
    Member,
    /// A number.
    Number,
}

/// The frame base of a function, if the local that it is in is tracked.
pub(super) fn frame_base(
    expression: gimli::Expression<Reader<'_>>,
    encoding: Encoding,
    function: &NativeFunction,
    machine: Machine,
) -> Option<Expression> {
    let slot = function.slot(local_of(expression, encoding)?)?;
    let mut out = Expression::new();
    out.op_breg(machine.frame_pointer, slot);
    out.op_deref_size(machine.pointer_bytes);
    // No `DW_OP_stack_value`, which debuggers refuse here.
    add_base(&mut out, machine);
    Some(out)
}

/// The expression for this machine; `None` for what is not to be had here: a local that is not
/// tracked, a value of the operand stack, or operations that make no sense.
pub(super) fn translate<'a>(
    expression: gimli::Expression<Reader<'a>>,
    unit: UnitRef<'_, Reader<'a>>,
    function: Option<&NativeFunction>,
    machine: Machine,
    purpose: Purpose,
) -> Option<Expression> {
    let encoding = unit.encoding();
    let mut operations = Vec::new();
    let mut iter = expression.operations(encoding);
    while let Some(operation) = iter.next().ok()? {
        operations.push(match operation {
            Operation::AddressIndex { index } => Operation::Address {
                address: unit.address(index).ok()?,
            },
            operation => operation,
        });
    }
    // The whole of an expression, or pieces of a value each with one of its own.
    let mut out = Expression::new();
    let mut rest = &operations[..];
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|operation| matches!(operation, Operation::Piece { .. }));
        let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
        let mark = out.next_index();
        let known = simple(&mut out, part, encoding, function, machine, purpose);
        // A piece without a place is not known; the others are.
        if known.is_none() && (end.is_none() || out.next_index() != mark) {
            return None;
        }
        rest = after;
        if let [
            Operation::Piece {
                size_in_bits,
                bit_offset,
            },
            after @ ..,
        ] = rest
        {
            match bit_offset {
                None if size_in_bits % 8 == 0 => out.op_piece(size_in_bits / 8),
                _ => out.op_bit_piece(*size_in_bits, bit_offset.unwrap_or(0)),
            }
            rest = after;
        }
    }
    Some(out)
}

/// Translates one expression without pieces. Nothing is written if it returns `None`.
fn simple(
    out: &mut Expression,
    operations: &[Operation<Reader<'_>>],
    encoding: Encoding,
    function: Option<&NativeFunction>,
    machine: Machine,
    purpose: Purpose,
) -> Option<()> {
    use Operation as O;
    // First whether all can be translated; beyond this point something is written.
    match operations {
        [] => return None,
        [O::FrameOffset { offset }] if purpose == Purpose::Location => {
            out.op_fbreg(*offset);
            return Some(());
        }
        [O::Address { address }] if purpose == Purpose::Location => {
            out.op_constu(machine.base.wrapping_add(*address));
            return Some(());
        }
        [O::WasmLocal { index }] | [O::WasmLocal { index }, O::StackValue] => {
            // Where the local is kept: a debugger can change it there.
            out.op_breg(machine.frame_pointer, function?.slot(*index)?);
            return Some(());
        }
        _ => {}
    }
    let is_translatable = operations.iter().all(|operation| match operation {
        O::WasmLocal { index } => function.is_some_and(|function| function.slot(*index).is_some()),
        O::Deref {
            base_type,
            size,
            space,
        } => base_type.0 == 0 && !space && *size <= encoding.address_size.max(8),
        O::Drop
        | O::Pick { .. }
        | O::Swap
        | O::Rot
        | O::Abs
        | O::And
        | O::Div
        | O::Minus
        | O::Mod
        | O::Mul
        | O::Neg
        | O::Not
        | O::Or
        | O::Plus
        | O::PlusConstant { .. }
        | O::Shl
        | O::Shr
        | O::Shra
        | O::Xor
        | O::Eq
        | O::Ge
        | O::Gt
        | O::Le
        | O::Lt
        | O::Ne
        | O::UnsignedConstant { .. }
        | O::SignedConstant { .. }
        | O::FrameOffset { .. }
        | O::Nop
        | O::Address { .. }
        | O::ImplicitValue { .. }
        | O::StackValue => true,
        _ => false,
    });
    if !is_translatable {
        return None;
    }
    let mut is_value = purpose == Purpose::Number;
    if purpose == Purpose::Member {
        subtract_base(out, machine);
    }
    for operation in operations {
        match *operation {
            O::WasmLocal { index } => {
                out.op_breg(machine.frame_pointer, function?.slot(index)?);
                out.op_deref_size(machine.pointer_bytes);
            }
            O::FrameOffset { offset } => {
                out.op_fbreg(offset);
                subtract_base(out, machine);
            }
            O::Address { address } => out.op_constu(address),
            O::Deref { size, .. } => {
                add_base(out, machine);
                out.op_deref_size(size.min(8));
            }
            O::Pick { index } => out.op_pick(index),
            O::PlusConstant { value } => out.op_plus_uconst(value),
            O::UnsignedConstant { value } => out.op_constu(value),
            O::SignedConstant { value } => out.op_consts(value),
            O::ImplicitValue { data } => {
                is_value = true;
                out.op_implicit_value(data.slice().into());
            }
            O::StackValue => {
                is_value = true;
                out.op(gimli::DW_OP_stack_value);
            }
            O::Drop => out.op(gimli::DW_OP_drop),
            O::Swap => out.op(gimli::DW_OP_swap),
            O::Rot => out.op(gimli::DW_OP_rot),
            O::Abs => out.op(gimli::DW_OP_abs),
            O::And => out.op(gimli::DW_OP_and),
            O::Div => out.op(gimli::DW_OP_div),
            O::Minus => out.op(gimli::DW_OP_minus),
            O::Mod => out.op(gimli::DW_OP_mod),
            O::Mul => out.op(gimli::DW_OP_mul),
            O::Neg => out.op(gimli::DW_OP_neg),
            O::Not => out.op(gimli::DW_OP_not),
            O::Or => out.op(gimli::DW_OP_or),
            O::Plus => out.op(gimli::DW_OP_plus),
            O::Shl => out.op(gimli::DW_OP_shl),
            O::Shr => out.op(gimli::DW_OP_shr),
            O::Shra => out.op(gimli::DW_OP_shra),
            O::Xor => out.op(gimli::DW_OP_xor),
            O::Eq => out.op(gimli::DW_OP_eq),
            O::Ge => out.op(gimli::DW_OP_ge),
            O::Gt => out.op(gimli::DW_OP_gt),
            O::Le => out.op(gimli::DW_OP_le),
            O::Lt => out.op(gimli::DW_OP_lt),
            O::Ne => out.op(gimli::DW_OP_ne),
            O::Nop => {}
            _ => return None,
        }
    }
    if !is_value {
        add_base(out, machine);
    }
    Some(())
}

fn add_base(out: &mut Expression, machine: Machine) {
    out.op_constu(machine.base);
    out.op(gimli::DW_OP_plus);
}

fn subtract_base(out: &mut Expression, machine: Machine) {
    out.op_constu(machine.base);
    out.op(gimli::DW_OP_minus);
}

/// An address as gimli writes it.
pub(super) fn address(address: u64) -> Address {
    Address::Constant(address)
}
