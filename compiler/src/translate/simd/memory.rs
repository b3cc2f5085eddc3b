//! Loads and stores that are particular to vectors. Each accesses exactly the bytes it names:
//! what lies behind them may not be mapped.

use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use wasmparser::MemArg;

use crate::translate::env::Translator;
use crate::translate::memory::Address;
use crate::translate::numeric::Ins;

/// Bytes that an extending load reads.
const EXTENDED_BYTES: u32 = 8;

impl<'f> Translator<'_, 'f> {
    /// A load of 8 bytes whose lanes are extended.
    pub fn load_extended(
        &mut self,
        memarg: MemArg,
        make: impl FnOnce(Ins<'_, 'f>, MemFlagsData, Value, Offset32) -> Value,
    ) {
        let Address {
            base,
            offset,
            flags,
        } = self.checked_address(&memarg, EXTENDED_BYTES);
        let value = make(self.builder.ins(), flags, base, offset);
        self.push(value);
    }

    /// A load of one lane into every lane.
    pub fn load_splat(&mut self, ty: Type, memarg: MemArg) {
        self.load(ty.lane_type(), memarg);
        self.splat(ty);
    }

    /// A load of one lane into the lowest; the others are zero.
    pub fn load_zero(&mut self, ty: Type, memarg: MemArg) {
        self.load(ty.lane_type(), memarg);
        self.unary(|ins, x| ins.scalar_to_vector(ty, x));
    }

    /// A load into one lane.
    pub fn load_lane(&mut self, ty: Type, memarg: MemArg, lane: u8) {
        let vector = self.pop_lanes(ty);
        self.load(ty.lane_type(), memarg);
        let value = self.pop();
        let vector = self.builder.ins().insertlane(vector, value, lane);
        self.push(vector);
    }

    /// A store of one lane.
    pub fn store_lane(&mut self, ty: Type, memarg: MemArg, lane: u8) {
        self.extract_lane(ty, lane);
        self.store(memarg);
    }
}
