//! The one match over WebAssembly's operators: an arm a line, no logic in it.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{InstBuilder, types};
use wasmparser::Operator;

use super::env::Translator;
use super::memory::Extend;

/// Translates an operator. Where nothing can be reached only the nesting of blocks counts.
pub(super) fn translate(fx: &mut Translator<'_, '_>, operator: &Operator<'_>) {
    use Operator as O;
    let nests = matches!(
        operator,
        O::Block { .. } | O::Loop { .. } | O::If { .. } | O::Else | O::End
    );
    if fx.reachable || nests {
        translate_reachable(fx, operator);
    }
}

#[rustfmt::skip]
fn translate_reachable(fx: &mut Translator<'_, '_>, operator: &Operator<'_>) {
    use Operator as O;
    match *operator {
        // Control instructions.
        O::Unreachable => fx.unreachable(),
        O::Nop => {},
        O::Block { blockty } => fx.block(blockty),
        O::Loop { blockty } => fx.loop_(blockty),
        O::If { blockty } => fx.if_(blockty),
        O::Else => fx.else_(),
        O::End => fx.end(),
        O::Br { relative_depth } => fx.br(relative_depth),
        O::BrIf { relative_depth } => fx.br_if(relative_depth),
        O::BrTable { ref targets } => fx.br_table(targets),
        O::Return => fx.return_(),
        O::Call { function_index } => fx.call(function_index),
        O::CallIndirect { type_index, table_index } => fx.call_indirect(type_index, table_index),
        O::ReturnCall { function_index } => fx.return_call(function_index),
        O::ReturnCallIndirect { type_index, table_index } => fx.return_call_indirect(type_index, table_index),
        O::CallRef { type_index } => fx.call_ref(type_index),
        O::ReturnCallRef { type_index } => fx.return_call_ref(type_index),
        O::BrOnNull { relative_depth } => fx.br_on_null(relative_depth),
        O::BrOnNonNull { relative_depth } => fx.br_on_non_null(relative_depth),
        O::Drop => drop(fx.pop()),
        O::Select | O::TypedSelect { .. } => fx.select(),

        // Variables, tables, references.
        O::LocalGet { local_index } => fx.local_get(local_index),
        O::LocalSet { local_index } => fx.local_set(local_index),
        O::LocalTee { local_index } => fx.local_tee(local_index),
        O::GlobalGet { global_index } => fx.global_get(global_index),
        O::GlobalSet { global_index } => fx.global_set(global_index),
        O::TableGet { table } => fx.table_get(table),
        O::TableSet { table } => fx.table_set(table),
        O::TableSize { table } => fx.table_size(table),
        O::TableGrow { table } => fx.table_grow(table),
        O::TableFill { table } => fx.table_fill(table),
        O::TableCopy { dst_table, src_table } => fx.table_copy(dst_table, src_table),
        O::TableInit { elem_index, table } => fx.table_init(elem_index, table),
        O::ElemDrop { elem_index } => fx.elem_drop(elem_index),
        O::RefNull { .. } => fx.ref_null(),
        O::RefIsNull => fx.ref_is_null(),
        O::RefAsNonNull => fx.ref_as_non_null(),
        O::RefFunc { function_index } => fx.ref_func(function_index),

        // Memory.
        O::I32Load { memarg } => fx.load(types::I32, memarg),
        O::I64Load { memarg } => fx.load(types::I64, memarg),
        O::F32Load { memarg } => fx.load(types::F32, memarg),
        O::F64Load { memarg } => fx.load(types::F64, memarg),
        O::I32Load8S { memarg } => fx.load_narrow(types::I32, types::I8, Extend::Signed, memarg),
        O::I32Load8U { memarg } => fx.load_narrow(types::I32, types::I8, Extend::Unsigned, memarg),
        O::I32Load16S { memarg } => fx.load_narrow(types::I32, types::I16, Extend::Signed, memarg),
        O::I32Load16U { memarg } => fx.load_narrow(types::I32, types::I16, Extend::Unsigned, memarg),
        O::I64Load8S { memarg } => fx.load_narrow(types::I64, types::I8, Extend::Signed, memarg),
        O::I64Load8U { memarg } => fx.load_narrow(types::I64, types::I8, Extend::Unsigned, memarg),
        O::I64Load16S { memarg } => fx.load_narrow(types::I64, types::I16, Extend::Signed, memarg),
        O::I64Load16U { memarg } => fx.load_narrow(types::I64, types::I16, Extend::Unsigned, memarg),
        O::I64Load32S { memarg } => fx.load_narrow(types::I64, types::I32, Extend::Signed, memarg),
        O::I64Load32U { memarg } => fx.load_narrow(types::I64, types::I32, Extend::Unsigned, memarg),
        O::I32Store { memarg } | O::I64Store { memarg } | O::F32Store { memarg } | O::F64Store { memarg } => fx.store(memarg),
        O::I32Store8 { memarg } => fx.store_narrow(types::I8, memarg),
        O::I32Store16 { memarg } => fx.store_narrow(types::I16, memarg),
        O::I64Store8 { memarg } => fx.store_narrow(types::I8, memarg),
        O::I64Store16 { memarg } => fx.store_narrow(types::I16, memarg),
        O::I64Store32 { memarg } => fx.store_narrow(types::I32, memarg),
        O::MemorySize { mem } => fx.memory_size(mem),
        O::MemoryGrow { mem } => fx.memory_grow(mem),
        O::MemoryFill { mem } => fx.memory_fill(mem),
        O::MemoryCopy { dst_mem, src_mem } => fx.memory_copy(dst_mem, src_mem),
        O::MemoryInit { data_index, mem } => fx.memory_init(data_index, mem),
        O::DataDrop { data_index } => fx.data_drop(data_index),

        // Numbers.
        O::I32Const { value } => { let value = fx.i32(value); fx.push(value) },
        O::I64Const { value } => { let value = fx.builder.ins().iconst(types::I64, value); fx.push(value) },
        O::F32Const { value } => { let value = fx.builder.ins().f32const(Ieee32::with_bits(value.bits())); fx.push(value) },
        O::F64Const { value } => { let value = fx.builder.ins().f64const(Ieee64::with_bits(value.bits())); fx.push(value) },
        O::I32Eqz | O::I64Eqz => fx.eqz(),
        O::I32Eq | O::I64Eq => fx.icmp(IntCC::Equal),
        O::I32Ne | O::I64Ne => fx.icmp(IntCC::NotEqual),
        O::I32LtS | O::I64LtS => fx.icmp(IntCC::SignedLessThan),
        O::I32LtU | O::I64LtU => fx.icmp(IntCC::UnsignedLessThan),
        O::I32GtS | O::I64GtS => fx.icmp(IntCC::SignedGreaterThan),
        O::I32GtU | O::I64GtU => fx.icmp(IntCC::UnsignedGreaterThan),
        O::I32LeS | O::I64LeS => fx.icmp(IntCC::SignedLessThanOrEqual),
        O::I32LeU | O::I64LeU => fx.icmp(IntCC::UnsignedLessThanOrEqual),
        O::I32GeS | O::I64GeS => fx.icmp(IntCC::SignedGreaterThanOrEqual),
        O::I32GeU | O::I64GeU => fx.icmp(IntCC::UnsignedGreaterThanOrEqual),
        O::F32Eq | O::F64Eq => fx.fcmp(FloatCC::Equal),
        O::F32Ne | O::F64Ne => fx.fcmp(FloatCC::NotEqual),
        O::F32Lt | O::F64Lt => fx.fcmp(FloatCC::LessThan),
        O::F32Gt | O::F64Gt => fx.fcmp(FloatCC::GreaterThan),
        O::F32Le | O::F64Le => fx.fcmp(FloatCC::LessThanOrEqual),
        O::F32Ge | O::F64Ge => fx.fcmp(FloatCC::GreaterThanOrEqual),
        O::I32Clz | O::I64Clz => fx.unary(|ins, x| ins.clz(x)),
        O::I32Ctz | O::I64Ctz => fx.unary(|ins, x| ins.ctz(x)),
        O::I32Popcnt | O::I64Popcnt => fx.unary(|ins, x| ins.popcnt(x)),
        O::I32Add | O::I64Add => fx.binary(|ins, x, y| ins.iadd(x, y)),
        O::I32Sub | O::I64Sub => fx.binary(|ins, x, y| ins.isub(x, y)),
        O::I32Mul | O::I64Mul => fx.binary(|ins, x, y| ins.imul(x, y)),
        O::I32DivS | O::I64DivS => fx.binary(|ins, x, y| ins.sdiv(x, y)),
        O::I32DivU | O::I64DivU => fx.binary(|ins, x, y| ins.udiv(x, y)),
        O::I32RemS | O::I64RemS => fx.binary(|ins, x, y| ins.srem(x, y)),
        O::I32RemU | O::I64RemU => fx.binary(|ins, x, y| ins.urem(x, y)),
        O::I32And | O::I64And => fx.binary(|ins, x, y| ins.band(x, y)),
        O::I32Or | O::I64Or => fx.binary(|ins, x, y| ins.bor(x, y)),
        O::I32Xor | O::I64Xor => fx.binary(|ins, x, y| ins.bxor(x, y)),
        O::I32Shl | O::I64Shl => fx.binary(|ins, x, y| ins.ishl(x, y)),
        O::I32ShrS | O::I64ShrS => fx.binary(|ins, x, y| ins.sshr(x, y)),
        O::I32ShrU | O::I64ShrU => fx.binary(|ins, x, y| ins.ushr(x, y)),
        O::I32Rotl | O::I64Rotl => fx.binary(|ins, x, y| ins.rotl(x, y)),
        O::I32Rotr | O::I64Rotr => fx.binary(|ins, x, y| ins.rotr(x, y)),
        O::F32Abs | O::F64Abs => fx.unary(|ins, x| ins.fabs(x)),
        O::F32Neg | O::F64Neg => fx.unary(|ins, x| ins.fneg(x)),
        O::F32Ceil | O::F64Ceil => fx.unary(|ins, x| ins.ceil(x)),
        O::F32Floor | O::F64Floor => fx.unary(|ins, x| ins.floor(x)),
        O::F32Trunc | O::F64Trunc => fx.unary(|ins, x| ins.trunc(x)),
        O::F32Nearest | O::F64Nearest => fx.unary(|ins, x| ins.nearest(x)),
        O::F32Sqrt | O::F64Sqrt => fx.unary(|ins, x| ins.sqrt(x)),
        O::F32Add | O::F64Add => fx.binary(|ins, x, y| ins.fadd(x, y)),
        O::F32Sub | O::F64Sub => fx.binary(|ins, x, y| ins.fsub(x, y)),
        O::F32Mul | O::F64Mul => fx.binary(|ins, x, y| ins.fmul(x, y)),
        O::F32Div | O::F64Div => fx.binary(|ins, x, y| ins.fdiv(x, y)),
        O::F32Min | O::F64Min => fx.binary(|ins, x, y| ins.fmin(x, y)),
        O::F32Max | O::F64Max => fx.binary(|ins, x, y| ins.fmax(x, y)),
        O::F32Copysign | O::F64Copysign => fx.binary(|ins, x, y| ins.fcopysign(x, y)),
        O::I32WrapI64 => fx.unary(|ins, x| ins.ireduce(types::I32, x)),
        O::I32TruncF32S | O::I32TruncF64S => fx.unary(|ins, x| ins.fcvt_to_sint(types::I32, x)),
        O::I32TruncSatF32S | O::I32TruncSatF64S => fx.unary(|ins, x| ins.fcvt_to_sint_sat(types::I32, x)),
        O::I32TruncF32U | O::I32TruncF64U => fx.unary(|ins, x| ins.fcvt_to_uint(types::I32, x)),
        O::I32TruncSatF32U | O::I32TruncSatF64U => fx.unary(|ins, x| ins.fcvt_to_uint_sat(types::I32, x)),
        O::I64TruncF32S | O::I64TruncF64S => fx.unary(|ins, x| ins.fcvt_to_sint(types::I64, x)),
        O::I64TruncSatF32S | O::I64TruncSatF64S => fx.unary(|ins, x| ins.fcvt_to_sint_sat(types::I64, x)),
        O::I64TruncF32U | O::I64TruncF64U => fx.unary(|ins, x| ins.fcvt_to_uint(types::I64, x)),
        O::I64TruncSatF32U | O::I64TruncSatF64U => fx.unary(|ins, x| ins.fcvt_to_uint_sat(types::I64, x)),
        O::I64ExtendI32S => fx.unary(|ins, x| ins.sextend(types::I64, x)),
        O::I64ExtendI32U => fx.unary(|ins, x| ins.uextend(types::I64, x)),
        O::F32ConvertI32S | O::F32ConvertI64S => fx.unary(|ins, x| ins.fcvt_from_sint(types::F32, x)),
        O::F32ConvertI32U | O::F32ConvertI64U => fx.unary(|ins, x| ins.fcvt_from_uint(types::F32, x)),
        O::F64ConvertI32S | O::F64ConvertI64S => fx.unary(|ins, x| ins.fcvt_from_sint(types::F64, x)),
        O::F64ConvertI32U | O::F64ConvertI64U => fx.unary(|ins, x| ins.fcvt_from_uint(types::F64, x)),
        O::F32DemoteF64 => fx.unary(|ins, x| ins.fdemote(types::F32, x)),
        O::F64PromoteF32 => fx.unary(|ins, x| ins.fpromote(types::F64, x)),
        O::I32ReinterpretF32 => fx.reinterpret(types::I32),
        O::I64ReinterpretF64 => fx.reinterpret(types::I64),
        O::F32ReinterpretI32 => fx.reinterpret(types::F32),
        O::F64ReinterpretI64 => fx.reinterpret(types::F64),
        O::I32Extend8S => fx.sign_extend_low(types::I8, types::I32),
        O::I32Extend16S => fx.sign_extend_low(types::I16, types::I32),
        O::I64Extend8S => fx.sign_extend_low(types::I8, types::I64),
        O::I64Extend16S => fx.sign_extend_low(types::I16, types::I64),
        O::I64Extend32S => fx.sign_extend_low(types::I32, types::I64),

        // Wide arithmetic.
        O::I64Add128 => fx.binary128(|ins, x, y| ins.iadd(x, y)),
        O::I64Sub128 => fx.binary128(|ins, x, y| ins.isub(x, y)),
        O::I64MulWideS => fx.multiply_wide(|ins, x| ins.sextend(types::I128, x)),
        O::I64MulWideU => fx.multiply_wide(|ins, x| ins.uextend(types::I128, x)),

        _ => unreachable!("the validator accepts only what is supported: {operator:?}"),
    }
}
