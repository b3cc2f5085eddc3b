//! Numeric instructions.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_frontend::FuncInstBuilder;
use wasmparser::ValType;

use super::env::Translator;

/// A builder of one instruction.
pub(super) type Ins<'a, 'f> = FuncInstBuilder<'a, 'f>;

impl<'f> Translator<'_, 'f> {
    /// An instruction of one operand.
    pub fn unary(&mut self, make: impl FnOnce(Ins<'_, 'f>, Value) -> Value) {
        let operand = self.pop();
        let value = make(self.builder.ins(), operand);
        self.push(value);
    }

    /// An instruction of two operands.
    pub fn binary(&mut self, make: impl FnOnce(Ins<'_, 'f>, Value, Value) -> Value) {
        let (left, right) = self.pop2();
        let value = make(self.builder.ins(), left, right);
        self.push(value);
    }

    /// A comparison of integers.
    pub fn icmp(&mut self, condition: IntCC) {
        let (left, right) = self.pop2();
        let flag = self.builder.ins().icmp(condition, left, right);
        self.push_flag(flag);
    }

    /// A comparison of floats.
    pub fn fcmp(&mut self, condition: FloatCC) {
        let (left, right) = self.pop2();
        let flag = self.builder.ins().fcmp(condition, left, right);
        self.push_flag(flag);
    }

    /// `eqz`.
    pub fn eqz(&mut self) {
        let value = self.pop();
        let flag = self.builder.ins().icmp_imm_u(IntCC::Equal, value, 0);
        self.push_flag(flag);
    }

    /// Pushes a truth value as an `i32`.
    pub fn push_flag(&mut self, flag: Value) {
        let value = self.builder.ins().uextend(types::I32, flag);
        self.push(value);
    }

    /// Sign-extends the low bits of a value of type `ty`.
    pub fn sign_extend_low(&mut self, low: Type, ty: Type) {
        let value = self.pop();
        let low = self.builder.ins().ireduce(low, value);
        let value = self.builder.ins().sextend(ty, low);
        self.push(value);
    }

    /// Reinterprets bits.
    pub fn reinterpret(&mut self, ty: Type) {
        let value = self.pop();
        let value = self.builder.ins().bitcast(ty, MemFlagsData::new(), value);
        self.push(value);
    }

    /// `select` of numbers and vectors.
    pub fn select(&mut self) {
        let (if_true, if_false, condition) = self.pop3();
        let value = self.builder.ins().select(condition, if_true, if_false);
        self.push(value);
    }

    /// `select` of values of any type.
    pub fn typed_select(&mut self, ty: ValType) {
        let ty = self.program_type(ty);
        let (if_true, if_false, condition) = self.pop3();
        let value = self.builder.ins().select(condition, if_true, if_false);
        self.push_typed(value, ty);
    }

    /// An instruction of two 128-bit operands, each of two values on the stack: the low half first.
    pub fn binary128(&mut self, make: impl FnOnce(Ins<'_, 'f>, Value, Value) -> Value) {
        let (right_low, right_high) = self.pop2();
        let (left_low, left_high) = self.pop2();
        let left = self.builder.ins().iconcat(left_low, left_high);
        let right = self.builder.ins().iconcat(right_low, right_high);
        let value = make(self.builder.ins(), left, right);
        self.push128(value);
    }

    /// The 128-bit product of two operands that `extend` extends.
    pub fn multiply_wide(&mut self, extend: impl Fn(Ins<'_, 'f>, Value) -> Value) {
        let (left, right) = self.pop2();
        let left = extend(self.builder.ins(), left);
        let right = extend(self.builder.ins(), right);
        let value = self.builder.ins().imul(left, right);
        self.push128(value);
    }

    fn push128(&mut self, value: Value) {
        let (low, high) = self.builder.ins().isplit(value);
        self.push(low);
        self.push(high);
    }
}
