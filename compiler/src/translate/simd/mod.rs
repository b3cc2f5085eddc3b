//! Vector instructions: casts between lanes, and instructions that act on each lane alone.
//!
//! Operands come off the stack with the lanes that an instruction wants; results go onto it with
//! the lanes that it made (see `stack.rs`).

mod conversions;
mod lanes;
mod memory;
mod products;
mod relaxed;

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{
    Endianness, InstBuilder, InstructionData, MemFlagsData, Opcode, Type, Value, ValueDef, types,
};

use super::env::Translator;
use super::numeric::Ins;

impl<'f> Translator<'_, 'f> {
    /// A vector with the given lanes: the same bits, the first byte in memory lowest.
    pub fn with_lanes(&mut self, vector: Value, ty: Type) -> Value {
        let vector = self.before_cast(vector);
        if self.type_of(vector) == ty {
            return vector;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.builder.ins().bitcast(ty, flags, vector)
    }

    /// What a vector was before it was last cast.
    fn before_cast(&self, vector: Value) -> Value {
        let dfg = &self.builder.func.dfg;
        let vector = dfg.resolve_aliases(vector);
        if let ValueDef::Result(inst, _) = dfg.value_def(vector)
            && let InstructionData::LoadNoOffset {
                opcode: Opcode::Bitcast,
                arg,
                ..
            } = dfg.insts[inst]
            && dfg.value_type(arg).is_vector()
        {
            return arg;
        }
        vector
    }

    /// A constant vector.
    pub fn vector_constant(&mut self, ty: Type, bytes: [u8; 16]) -> Value {
        let constant = bytes.to_vec().into();
        let constant = self.builder.func.dfg.constants.insert(constant);
        self.builder.ins().vconst(ty, constant)
    }

    /// `v128.const`.
    pub fn v128_const(&mut self, bytes: [u8; 16]) {
        let value = self.vector_constant(types::I8X16, bytes);
        self.push(value);
    }

    /// An instruction of one vector.
    pub fn lanes_unary(&mut self, ty: Type, make: impl FnOnce(Ins<'_, 'f>, Value) -> Value) {
        let operand = self.pop_lanes(ty);
        let value = make(self.builder.ins(), operand);
        self.push(value);
    }

    /// An instruction of two vectors.
    pub fn lanes_binary(
        &mut self,
        ty: Type,
        make: impl FnOnce(Ins<'_, 'f>, Value, Value) -> Value,
    ) {
        let (left, right) = self.pop2_lanes(ty);
        let value = make(self.builder.ins(), left, right);
        self.push(value);
    }

    /// A shift of each lane by the same number of bits, modulo their width.
    pub fn lanes_shift(&mut self, ty: Type, make: impl FnOnce(Ins<'_, 'f>, Value, Value) -> Value) {
        let amount = self.pop();
        let vector = self.pop_lanes(ty);
        let value = make(self.builder.ins(), vector, amount);
        self.push(value);
    }

    /// A comparison of lanes of integers: all bits of a lane are set where it holds.
    pub fn lanes_icmp(&mut self, ty: Type, condition: IntCC) {
        self.lanes_binary(ty, |ins, x, y| ins.icmp(condition, x, y));
    }

    /// A comparison of lanes of floats: all bits of a lane are set where it holds.
    pub fn lanes_fcmp(&mut self, ty: Type, condition: FloatCC) {
        self.lanes_binary(ty, |ins, x, y| ins.fcmp(condition, x, y));
    }

    /// `pmin`: the right operand where it is less than the left one.
    pub fn lanes_pmin(&mut self, ty: Type) {
        let (left, right) = self.pop2_lanes(ty);
        let less = self.builder.ins().fcmp(FloatCC::LessThan, right, left);
        self.push_selected(ty, less, right, left);
    }

    /// `pmax`: the right operand where the left one is less than it.
    pub fn lanes_pmax(&mut self, ty: Type) {
        let (left, right) = self.pop2_lanes(ty);
        let less = self.builder.ins().fcmp(FloatCC::LessThan, left, right);
        self.push_selected(ty, less, right, left);
    }

    fn push_selected(&mut self, ty: Type, mask: Value, if_set: Value, if_clear: Value) {
        let mask = self.with_lanes(mask, ty);
        let value = self.builder.ins().bitselect(mask, if_set, if_clear);
        self.push(value);
    }

    /// `v128.bitselect`.
    pub fn v128_bitselect(&mut self) {
        let (if_set, if_clear, mask) = self.pop3_lanes(types::I8X16);
        let value = self.builder.ins().bitselect(mask, if_set, if_clear);
        self.push(value);
    }

    /// `v128.any_true`.
    pub fn v128_any_true(&mut self) {
        let vector = self.pop_lanes(types::I8X16);
        let flag = self.builder.ins().vany_true(vector);
        self.push_flag(flag);
    }

    /// `all_true`.
    pub fn lanes_all_true(&mut self, ty: Type) {
        let vector = self.pop_lanes(ty);
        let flag = self.builder.ins().vall_true(vector);
        self.push_flag(flag);
    }

    /// Pops two vectors: the lower first.
    fn pop2_lanes(&mut self, ty: Type) -> (Value, Value) {
        let right = self.pop_lanes(ty);
        (self.pop_lanes(ty), right)
    }

    /// Pops three vectors: the lowest first.
    fn pop3_lanes(&mut self, ty: Type) -> (Value, Value, Value) {
        let (second, third) = self.pop2_lanes(ty);
        (self.pop_lanes(ty), second, third)
    }
}
