//! Forms of x86 instructions: what is where in the encoding, as data.

use cranelift_codegen::ir::Opcode;

use super::super::machine::{Address, Encoding, Flags, Imm, Inst, Kind, Map, RegField, RmField};

/// An encoding of the one-byte map.
pub(super) fn one(opcode: u8, wide: bool, reg: RegField, rm: RmField) -> Encoding {
    Encoding {
        prefix: 0,
        map: Map::One,
        opcode,
        wide,
        byte_reg: false,
        byte_rm: false,
        reg,
        rm,
        imm: Imm::None,
    }
}

/// An encoding behind 0f.
pub(super) fn two(opcode: u8, wide: bool, reg: RegField, rm: RmField) -> Encoding {
    Encoding {
        map: Map::X0f,
        ..one(opcode, wide, reg, rm)
    }
}

/// An encoding behind a prefix and 0f.
pub(super) fn sse(prefix: u8, opcode: u8, reg: RegField, rm: RmField) -> Encoding {
    Encoding {
        prefix,
        ..two(opcode, false, reg, rm)
    }
}

/// The prefix of scalar floats.
pub(super) fn scalar(wide: bool) -> u8 {
    match wide {
        true => 0xf2,
        false => 0xf3,
    }
}

/// An immediate operand of 32 bits, or of 8 where the opcode has a form for those.
pub(super) fn short(value: i32) -> Imm {
    match i8::try_from(value) {
        Ok(value) => Imm::Byte(value),
        Err(_) => Imm::Long(value),
    }
}

/// Arithmetic by its number in the opcodes: add, or, adc, sbb, and, sub, xor, cmp.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alu {
    Add = 0,
    Or = 1,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

impl Alu {
    /// The arithmetic that an operator of the IR is, if it is one that changes its operand.
    pub fn of(opcode: Opcode) -> Option<Alu> {
        Some(match opcode {
            Opcode::Iadd => Alu::Add,
            Opcode::Isub => Alu::Sub,
            Opcode::Band => Alu::And,
            Opcode::Bor => Alu::Or,
            Opcode::Bxor => Alu::Xor,
            _ => return None,
        })
    }

    /// `op rm, reg`
    pub fn into_rm(self) -> u8 {
        (self as u8) << 3 | 1
    }

    /// `op reg, rm`
    pub fn into_reg(self) -> u8 {
        (self as u8) << 3 | 3
    }

    /// `op rm, imm`
    pub fn immediate(self, wide: bool, value: i32, rm: RmField) -> Encoding {
        let imm = short(value);
        let opcode = match imm {
            Imm::Byte(_) => 0x83,
            _ => 0x81,
        };
        Encoding {
            imm,
            ..one(opcode, wide, RegField::Digit(self as u8), rm)
        }
    }
}

/// An instruction that leaves the flags alone.
pub(super) fn quiet(encoding: Encoding) -> Inst {
    Inst::new(Kind::Encoded(encoding), Flags::Keeps)
}

/// An instruction that sets or destroys the flags.
pub(super) fn loud(encoding: Encoding) -> Inst {
    Inst::new(Kind::Encoded(encoding), Flags::Writes)
}

pub(super) fn lea(wide: bool, address: Address) -> Inst {
    quiet(one(0x8d, wide, RegField::Def(0), RmField::Memory(address)))
}

/// How a value of fewer bits is extended when it is read: the encoding, which has 8-bit or 16-bit
/// operands in `rm`.
pub(super) fn extension(bits: u32, signed: bool, wide: bool, rm: RmField) -> Encoding {
    let reg = RegField::Def(0);
    match (bits, signed) {
        (8, false) => Encoding {
            byte_rm: true,
            ..two(0xb6, false, reg, rm)
        },
        (8, true) => Encoding {
            byte_rm: true,
            ..two(0xbe, wide, reg, rm)
        },
        (16, false) => two(0xb7, false, reg, rm),
        (16, true) => two(0xbf, wide, reg, rm),
        (32, false) => one(0x8b, false, reg, rm),
        (32, true) => one(0x63, wide, reg, rm),
        _ => one(0x8b, true, reg, rm),
    }
}
