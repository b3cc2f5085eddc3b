//! Moving lanes: into vectors, out of vectors, and between their places.

use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{
    InstBuilder, MemFlagsData, StackSlot, StackSlotData, StackSlotKind, Type, Value, types,
};

use crate::translate::env::Translator;
use crate::translate::memory::Extend;

impl Translator<'_, '_> {
    /// `splat`.
    pub fn splat(&mut self, ty: Type) {
        let lane = self.pop_as_lane(ty);
        let value = self.builder.ins().splat(ty, lane);
        self.push(value);
    }

    /// `extract_lane` of lanes that are operands.
    pub fn extract_lane(&mut self, ty: Type, lane: u8) {
        self.lanes_unary(ty, |ins, x| ins.extractlane(x, lane));
    }

    /// `extract_lane_s`, `extract_lane_u`.
    pub fn extract_lane_extended(&mut self, ty: Type, lane: u8, extend: Extend) {
        let vector = self.pop_lanes(ty);
        let value = self.builder.ins().extractlane(vector, lane);
        let value = match extend {
            Extend::Signed => self.builder.ins().sextend(types::I32, value),
            Extend::Unsigned => self.builder.ins().uextend(types::I32, value),
        };
        self.push(value);
    }

    /// `replace_lane`.
    pub fn replace_lane(&mut self, ty: Type, lane: u8) {
        let value = self.pop_as_lane(ty);
        let vector = self.pop_lanes(ty);
        let vector = self.builder.ins().insertlane(vector, value, lane);
        self.push(vector);
    }

    /// Pops a scalar: the low bits of an `i32` where lanes are narrower.
    fn pop_as_lane(&mut self, ty: Type) -> Value {
        let scalar = self.pop();
        let lane = ty.lane_type();
        match self.type_of(scalar) == lane {
            true => scalar,
            false => self.builder.ins().ireduce(lane, scalar),
        }
    }

    /// `i8x16.shuffle`.
    pub fn shuffle(&mut self, lanes: [u8; 16]) {
        let (left, right) = self.pop2_lanes(types::I8X16);
        let value = if self.has_byte_permutation() {
            let lanes = lanes.to_vec().into();
            let lanes = self.builder.func.dfg.immediates.push(lanes);
            self.builder.ins().shuffle(left, right, lanes)
        } else {
            self.shuffle_in_memory(left, right, lanes)
        };
        self.push(value);
    }

    /// `i8x16.swizzle`.
    pub fn swizzle(&mut self) {
        let (vector, lanes) = self.pop2_lanes(types::I8X16);
        let value = if self.has_byte_permutation() {
            self.builder.ins().swizzle(vector, lanes)
        } else {
            self.swizzle_in_memory(vector, lanes)
        };
        self.push(value);
    }

    /// Whether the target permutes bytes in registers. Plain x86-64 does not, and there Cranelift
    /// would call a function that nothing provides.
    fn has_byte_permutation(&self) -> bool {
        !self.is_x86() || self.isa.has_x86_pshufb_lowering()
    }

    fn shuffle_in_memory(&mut self, left: Value, right: Value, lanes: [u8; 16]) -> Value {
        let bytes = self.vectors_in_memory(&[left, right]);
        let result = self.vectors_in_memory(&[]);
        for (to, from) in (0..).zip(lanes) {
            let byte = self
                .builder
                .ins()
                .stack_load(types::I64, types::I8, bytes, i32::from(from));
            self.builder.ins().stack_store(types::I64, byte, result, to);
        }
        self.vector_from_memory(result)
    }

    fn swizzle_in_memory(&mut self, vector: Value, lanes: Value) -> Value {
        let zero = self.vector_constant(types::I8X16, [0; 16]);
        // Lanes beyond the vector are taken from the first of 16 zeros behind it.
        let beyond = self.vector_constant(types::I8X16, [16; 16]);
        let lanes = self.builder.ins().umin(lanes, beyond);
        let bytes = self.vectors_in_memory(&[vector, zero]);
        let result = self.vectors_in_memory(&[]);
        let start = self.builder.ins().stack_addr(types::I64, bytes, 0);
        for to in 0..16_u8 {
            let from = self.builder.ins().extractlane(lanes, to);
            let from = self.builder.ins().uextend(types::I64, from);
            let from = self.builder.ins().iadd(start, from);
            let flags = MemFlagsData::trusted();
            let byte = self
                .builder
                .ins()
                .load(types::I8, flags, from, Offset32::new(0));
            self.builder
                .ins()
                .stack_store(types::I64, byte, result, i32::from(to));
        }
        self.vector_from_memory(result)
    }

    /// A place on the stack that holds the vectors one after another, or has room for one.
    fn vectors_in_memory(&mut self, vectors: &[Value]) -> StackSlot {
        let bytes = 16 * vectors.len().max(1) as u32;
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 4);
        let slot = self.builder.create_sized_stack_slot(data);
        for (&vector, offset) in vectors.iter().zip((0..).step_by(16)) {
            self.builder
                .ins()
                .stack_store(types::I64, vector, slot, offset);
        }
        slot
    }

    fn vector_from_memory(&mut self, slot: StackSlot) -> Value {
        self.builder
            .ins()
            .stack_load(types::I64, types::I8X16, slot, 0)
    }
}
