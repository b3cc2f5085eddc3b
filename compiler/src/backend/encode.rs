//! The bytes of one x86 instruction.

use super::machine::{Imm, Map, Reg};

/// What an instruction is made of, once its registers are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instruction {
    /// 0 if there is none.
    pub prefix: u8,
    pub map: Map,
    pub opcode: u8,
    pub wide: bool,
    pub byte_reg: bool,
    pub byte_rm: bool,
    /// A register's code, or a digit of the opcode.
    pub reg: u8,
    pub rm: Rm,
    pub imm: Imm,
}

/// The operand that may be in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rm {
    Reg(Reg),
    /// `displacement(base)`
    Base {
        base: Reg,
        displacement: i32,
    },
    /// `displacement(base, index, 1 << shift)`
    BaseIndex {
        base: Reg,
        index: Reg,
        shift: u8,
        displacement: i32,
    },
    /// `displacement(, index, 1 << shift)`
    Index {
        index: Reg,
        shift: u8,
        displacement: i32,
    },
    Absolute(i32),
    /// Behind the instruction; the displacement is filled in later.
    Relative,
}

/// The `rm` field of a `ModRM` byte, or the `base` field of a `SIB` byte, that means something else
/// than `rsp` or `r12` would: here follows a `SIB` byte, or there is no index.
const SIB: u8 = 4;

/// Appends an instruction. Of one whose operand is [`Rm::Relative`], the offset of the displacement
/// of four zero bytes is returned.
pub(super) fn encode(code: &mut Vec<u8>, inst: Instruction) -> Option<usize> {
    if inst.prefix != 0 {
        code.push(inst.prefix);
    }
    let high = |reg: Reg| reg.code() >> 3;
    let (x, b) = match inst.rm {
        Rm::Reg(reg) => (0, high(reg)),
        Rm::Base { base, .. } => (0, high(base)),
        Rm::BaseIndex { base, index, .. } => (high(index), high(base)),
        Rm::Index { index, .. } => (high(index), 0),
        Rm::Absolute(_) | Rm::Relative => (0, 0),
    };
    let rex = 0x40 | u8::from(inst.wide) << 3 | (inst.reg >> 3) << 2 | x << 1 | b;
    // Without a REX prefix, 4 to 7 are ah, ch, dh and bh.
    let needs_rex = inst.byte_reg && (4..8).contains(&inst.reg)
        || inst.byte_rm && matches!(inst.rm, Rm::Reg(reg) if (4..8).contains(&reg.code()));
    if rex != 0x40 || needs_rex {
        code.push(rex);
    }
    match inst.map {
        Map::One => {}
        Map::X0f => code.push(0x0f),
        Map::X0f3a => code.extend([0x0f, 0x3a]),
    }
    code.push(inst.opcode);
    let relative = operand(code, (inst.reg & 7) << 3, inst.rm);
    match inst.imm {
        Imm::None => {}
        Imm::Byte(value) => code.extend(value.to_le_bytes()),
        Imm::Word(value) => code.extend(value.to_le_bytes()),
        Imm::Long(value) => code.extend(value.to_le_bytes()),
    }
    relative
}

/// Appends the `ModRM` byte and what belongs to it.
fn operand(code: &mut Vec<u8>, reg: u8, rm: Rm) -> Option<usize> {
    let low = |reg: Reg| reg.code() & 7;
    let sib = |shift: u8, index: u8, base: u8| shift << 6 | index << 3 | base;
    match rm {
        Rm::Reg(rm) => code.push(0xc0 | reg | low(rm)),
        Rm::Base { base, displacement } => {
            let (mode, size) = mode(base, displacement);
            code.push(mode | reg | low(base));
            if low(base) == SIB {
                code.push(sib(0, SIB, SIB));
            }
            code.extend(&displacement.to_le_bytes()[..size]);
        }
        Rm::BaseIndex {
            base,
            index,
            shift,
            displacement,
        } => {
            debug_assert_ne!(index, Reg::RSP, "the stack pointer cannot be an index");
            let (mode, size) = mode(base, displacement);
            code.push(mode | reg | SIB);
            code.push(sib(shift, low(index), low(base)));
            code.extend(&displacement.to_le_bytes()[..size]);
        }
        Rm::Index {
            index,
            shift,
            displacement,
        } => {
            debug_assert_ne!(index, Reg::RSP, "the stack pointer cannot be an index");
            code.push(reg | SIB);
            code.push(sib(shift, low(index), 5));
            code.extend(displacement.to_le_bytes());
        }
        Rm::Absolute(address) => {
            code.push(reg | SIB);
            code.push(sib(0, SIB, 5));
            code.extend(address.to_le_bytes());
        }
        Rm::Relative => {
            code.push(reg | 5);
            code.extend([0; 4]);
            return Some(code.len() - 4);
        }
    }
    None
}

/// The mode of an operand with a base, and how many bytes of displacement it has. A base of `rbp` or
/// `r13` without displacement does not exist.
fn mode(base: Reg, displacement: i32) -> (u8, usize) {
    match displacement {
        0 if base.code() & 7 != 5 => (0, 0),
        -128..=127 => (0x40, 1),
        _ => (0x80, 4),
    }
}
