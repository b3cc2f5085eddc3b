//! What takes several instructions and jumps between them: conversions and extremes of floats.

use super::super::encode::{Instruction, Rm};
use super::super::machine::{Imm, Map, Reg};
use super::buffer::Data;
use super::{Assembler, plain};

/// Condition codes of jumps.
const NOT_OVERFLOW: u8 = 1;
const EQUAL: u8 = 4;
const NOT_EQUAL: u8 = 5;
const NEGATIVE: u8 = 8;
const NOT_NEGATIVE: u8 = 9;
const UNORDERED: u8 = 10;

/// A conversion of a float to an integer, with two registers for the way there.
#[derive(Clone, Copy)]
pub(super) struct Conversion {
    pub from: Reg,
    pub to: Reg,
    pub integer: Reg,
    pub float: Reg,
    pub from_wide: bool,
    pub to_wide: bool,
}

/// The prefix of scalar floats.
fn scalar(wide: bool) -> u8 {
    match wide {
        true => 0xf2,
        false => 0xf3,
    }
}

/// An instruction behind 0f.
fn two(prefix: u8, opcode: u8, wide: bool, reg: Reg, rm: Reg) -> Instruction {
    Instruction {
        prefix,
        map: Map::X0f,
        ..plain(opcode, wide, reg.code(), Rm::Reg(rm))
    }
}

impl Assembler<'_> {
    /// `cvttss2si` or `cvttsd2si`, whose result is the least integer if there is no other.
    fn truncate(&mut self, to: Reg, from: Reg, from_wide: bool, to_wide: bool) {
        self.buffer
            .inst(two(scalar(from_wide), 0x2c, to_wide, to, from));
    }

    /// Sets the flags to unordered if a float is no number.
    fn compare_with_itself(&mut self, float: Reg, wide: bool) {
        let prefix = if wide { 0x66 } else { 0 };
        self.buffer.inst(two(prefix, 0x2e, false, float, float));
    }

    /// The bits of a float, whose highest is the sign.
    fn bits_of(&mut self, to: Reg, from: Reg, wide: bool) {
        self.buffer.inst(two(0x66, 0x7e, wide, from, to));
    }

    fn test(&mut self, reg: Reg, wide: bool) {
        self.buffer
            .inst(plain(0x85, wide, reg.code(), Rm::Reg(reg)));
    }

    fn with_byte(&mut self, opcode: u8, digit: u8, reg: Reg, wide: bool, byte: i8) {
        self.buffer.inst(Instruction {
            imm: Imm::Byte(byte),
            ..plain(opcode, wide, digit, Rm::Reg(reg))
        });
    }

    /// Inverts the highest bit.
    fn invert_sign(&mut self, reg: Reg, wide: bool) {
        self.buffer.inst(Instruction {
            map: Map::X0f,
            imm: Imm::Byte(if wide { 63 } else { 31 }),
            ..plain(0xba, wide, 7, Rm::Reg(reg))
        });
    }

    pub(super) fn saturate_signed(&mut self, conversion: Conversion) {
        let Conversion {
            from,
            to,
            from_wide,
            to_wide,
            ..
        } = conversion;
        let done = self.buffer.label();
        self.truncate(to, from, from_wide, to_wide);
        // Only the least integer overflows when 1 is taken from it.
        self.with_byte(0x83, 7, to, to_wide, 1);
        self.buffer.jump(Some(NOT_OVERFLOW), done);
        self.constant(to, 0);
        self.compare_with_itself(from, from_wide);
        self.buffer.jump(Some(UNORDERED), done);
        // The sign in all bits, then in all but the highest, then inverted: the least of negative
        // floats, the greatest of others.
        self.bits_of(to, from, from_wide);
        self.with_byte(0xc1, 7, to, from_wide, if from_wide { 63 } else { 31 });
        if to_wide && !from_wide {
            self.buffer.inst(plain(0x63, true, to.code(), Rm::Reg(to)));
        }
        self.invert_sign(to, to_wide);
        self.buffer.inst(plain(0xf7, to_wide, 2, Rm::Reg(to)));
        self.buffer.bind(done);
    }

    pub(super) fn saturate_unsigned(&mut self, conversion: Conversion, offset: u32) {
        let Conversion {
            from,
            to,
            integer,
            float,
            from_wide,
            to_wide,
        } = conversion;
        let done = self.buffer.label();
        self.truncate(to, from, from_wide, true);
        match to_wide {
            true => {
                self.test(to, true);
                self.buffer.jump(Some(NOT_NEGATIVE), done);
            }
            false => {
                self.move_register(integer, to, true);
                self.with_byte(0xc1, 5, integer, true, 32);
                self.buffer.jump(Some(EQUAL), done);
            }
        }
        // 0 of negative floats, and of what is no number.
        self.constant(to, 0);
        self.compare_with_itself(from, from_wide);
        self.buffer.jump(Some(UNORDERED), done);
        self.bits_of(integer, from, from_wide);
        self.test(integer, from_wide);
        self.buffer.jump(Some(NEGATIVE), done);
        if to_wide {
            let greatest = self.buffer.label();
            self.move_register(float, from, true);
            let add = Instruction {
                prefix: scalar(from_wide),
                map: Map::X0f,
                ..plain(0x58, false, float.code(), Rm::Relative)
            };
            self.buffer.with_data(add, Data::Constant(offset));
            self.truncate(to, float, from_wide, true);
            self.test(to, true);
            self.buffer.jump(Some(NEGATIVE), greatest);
            self.invert_sign(to, true);
            self.buffer.jump(None, done);
            self.buffer.bind(greatest);
            self.constant(to, -1);
        } else {
            self.constant(to, i64::from(u32::MAX));
        }
        self.buffer.bind(done);
    }

    /// Numbers of 64 bits are halved, so that the lowest bit still counts in rounding, and doubled.
    pub(super) fn unsigned_to_float(
        &mut self,
        to: Reg,
        from: Reg,
        [half, low]: [Reg; 2],
        wide: bool,
    ) {
        let (great, done) = (self.buffer.label(), self.buffer.label());
        self.buffer.inst(two(0, 0x57, false, to, to));
        self.test(from, true);
        self.buffer.jump(Some(NEGATIVE), great);
        self.buffer.inst(two(scalar(wide), 0x2a, true, to, from));
        self.buffer.jump(None, done);
        self.buffer.bind(great);
        self.move_register(low, from, true);
        self.with_byte(0x83, 4, low, true, 1);
        self.move_register(half, from, true);
        self.with_byte(0xc1, 5, half, true, 1);
        self.buffer
            .inst(plain(0x0b, true, half.code(), Rm::Reg(low)));
        self.buffer.inst(two(scalar(wide), 0x2a, true, to, half));
        self.buffer.inst(two(scalar(wide), 0x58, false, to, to));
        self.buffer.bind(done);
    }

    /// `minss` and its like take the second operand if both are zero, and if one is no number.
    pub(super) fn extreme(&mut self, to: Reg, other: Reg, wide: bool, greater: bool) {
        let (differ, none, done) = (
            self.buffer.label(),
            self.buffer.label(),
            self.buffer.label(),
        );
        let compare = if wide { 0x66 } else { 0 };
        self.buffer.inst(two(compare, 0x2e, false, to, other));
        self.buffer.jump(Some(NOT_EQUAL), differ);
        self.buffer.jump(Some(UNORDERED), none);
        // The same but for the sign of zero: the greater one has it only if both have.
        let bits = if greater { 0x54 } else { 0x56 };
        self.buffer.inst(two(0, bits, false, to, other));
        self.buffer.jump(None, done);
        self.buffer.bind(none);
        self.buffer.inst(two(scalar(wide), 0x58, false, to, other));
        self.buffer.jump(None, done);
        self.buffer.bind(differ);
        let choose = if greater { 0x5f } else { 0x5d };
        self.buffer
            .inst(two(scalar(wide), choose, false, to, other));
        self.buffer.bind(done);
    }
}
