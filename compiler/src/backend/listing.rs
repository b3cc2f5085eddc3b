//! The code with places as text, in the order of operands that Intel has.

use std::fmt::{Display, Formatter, Result, Write as _};

use super::allocate::{Op, Place};
use super::machine::{
    Address, Class, Condition, Encoding, Flags, Func, Imm, Inst, Kind, Map, Reg, RegField, RmField,
    VReg,
};
use super::slots::{Placed, Slot};

/// Names of instructions by map, prefix, opcode, and the digit in `reg` if there is one.
#[rustfmt::skip]
const NAMES: &[(Map, u8, u8, Option<u8>, &str)] = &[
    (Map::One, 0, 0x01, None, "add"), (Map::One, 0, 0x03, None, "add"),
    (Map::One, 0, 0x09, None, "or"), (Map::One, 0, 0x0b, None, "or"),
    (Map::One, 0, 0x1b, None, "sbb"),
    (Map::One, 0, 0x21, None, "and"), (Map::One, 0, 0x23, None, "and"),
    (Map::One, 0, 0x29, None, "sub"), (Map::One, 0, 0x2b, None, "sub"),
    (Map::One, 0, 0x31, None, "xor"), (Map::One, 0, 0x33, None, "xor"),
    (Map::One, 0, 0x39, None, "cmp"), (Map::One, 0, 0x3b, None, "cmp"),
    (Map::One, 0, 0x63, None, "movsxd"),
    (Map::One, 0, 0x69, None, "imul"), (Map::One, 0, 0x6b, None, "imul"),
    (Map::One, 0, 0x80, Some(7), "cmp"),
    (Map::One, 0, 0x81, Some(0), "add"), (Map::One, 0, 0x83, Some(0), "add"),
    (Map::One, 0, 0x81, Some(1), "or"), (Map::One, 0, 0x83, Some(1), "or"),
    (Map::One, 0, 0x81, Some(4), "and"), (Map::One, 0, 0x83, Some(4), "and"),
    (Map::One, 0, 0x81, Some(5), "sub"), (Map::One, 0, 0x83, Some(5), "sub"),
    (Map::One, 0, 0x81, Some(6), "xor"), (Map::One, 0, 0x83, Some(6), "xor"),
    (Map::One, 0, 0x81, Some(7), "cmp"), (Map::One, 0, 0x83, Some(7), "cmp"),
    (Map::One, 0, 0x84, None, "test"), (Map::One, 0, 0x85, None, "test"),
    (Map::One, 0, 0x88, None, "mov"), (Map::One, 0, 0x89, None, "mov"),
    (Map::One, 0x66, 0x89, None, "mov"), (Map::One, 0, 0x8b, None, "mov"),
    (Map::One, 0, 0x8d, None, "lea"),
    (Map::One, 0, 0xc1, Some(0), "rol"), (Map::One, 0, 0xd3, Some(0), "rol"),
    (Map::One, 0, 0xc1, Some(1), "ror"), (Map::One, 0, 0xd3, Some(1), "ror"),
    (Map::One, 0, 0xc1, Some(4), "shl"), (Map::One, 0, 0xd3, Some(4), "shl"),
    (Map::One, 0, 0xc1, Some(5), "shr"), (Map::One, 0, 0xd3, Some(5), "shr"),
    (Map::One, 0, 0xc1, Some(7), "sar"), (Map::One, 0, 0xd3, Some(7), "sar"),
    (Map::One, 0, 0xc6, Some(0), "mov"), (Map::One, 0, 0xc7, Some(0), "mov"),
    (Map::One, 0x66, 0xc7, Some(0), "mov"),
    (Map::One, 0, 0xf6, Some(0), "test"), (Map::One, 0, 0xf7, Some(0), "test"),
    (Map::One, 0, 0xf7, Some(2), "not"), (Map::One, 0, 0xf7, Some(3), "neg"),
    (Map::One, 0, 0xf7, Some(4), "mul"), (Map::One, 0, 0xf7, Some(5), "imul"),
    (Map::X0f, 0xf2, 0x10, None, "movsd"), (Map::X0f, 0xf3, 0x10, None, "movss"),
    (Map::X0f, 0xf2, 0x11, None, "movsd"), (Map::X0f, 0xf3, 0x11, None, "movss"),
    (Map::X0f, 0xf2, 0x2a, None, "cvtsi2sd"), (Map::X0f, 0xf3, 0x2a, None, "cvtsi2ss"),
    (Map::X0f, 0x66, 0x2e, None, "ucomisd"), (Map::X0f, 0, 0x2e, None, "ucomiss"),
    (Map::X0f, 0xf2, 0x51, None, "sqrtsd"), (Map::X0f, 0xf3, 0x51, None, "sqrtss"),
    (Map::X0f, 0, 0x54, None, "andps"), (Map::X0f, 0, 0x56, None, "orps"),
    (Map::X0f, 0, 0x57, None, "xorps"),
    (Map::X0f, 0xf2, 0x58, None, "addsd"), (Map::X0f, 0xf3, 0x58, None, "addss"),
    (Map::X0f, 0xf2, 0x59, None, "mulsd"), (Map::X0f, 0xf3, 0x59, None, "mulss"),
    (Map::X0f, 0xf2, 0x5a, None, "cvtsd2ss"), (Map::X0f, 0xf3, 0x5a, None, "cvtss2sd"),
    (Map::X0f, 0xf2, 0x5c, None, "subsd"), (Map::X0f, 0xf3, 0x5c, None, "subss"),
    (Map::X0f, 0xf2, 0x5e, None, "divsd"), (Map::X0f, 0xf3, 0x5e, None, "divss"),
    (Map::X0f, 0x66, 0x6e, None, "mov"), (Map::X0f, 0x66, 0x7e, None, "mov"),
    (Map::X0f, 0, 0xaf, None, "imul"),
    (Map::X0f, 0, 0xb6, None, "movzx"), (Map::X0f, 0, 0xb7, None, "movzx"),
    (Map::X0f, 0, 0xbe, None, "movsx"), (Map::X0f, 0, 0xbf, None, "movsx"),
    (Map::X0f, 0xf3, 0xb8, None, "popcnt"),
    (Map::X0f, 0, 0xbc, None, "bsf"), (Map::X0f, 0, 0xbd, None, "bsr"),
    (Map::X0f3a, 0x66, 0x0a, None, "roundss"), (Map::X0f3a, 0x66, 0x0b, None, "roundsd"),
];

/// Suffixes of jumps, by condition code.
const CONDITIONS: [&str; 16] = [
    "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g",
];

/// A function as text.
pub(super) fn list(func: &Func, placed: &Placed) -> String {
    let mut text = String::new();
    for (at, block) in func.blocks.iter().enumerate() {
        let cold = if block.cold { ", cold" } else { "" };
        let _ = writeln!(text, "block{at}: ; runs {:.3} times{cold}", block.frequency);
        let mut line = |what: &dyn Display| {
            let _ = writeln!(text, "    {what}");
        };
        for op in &placed.ops[at] {
            match *op {
                Op::Inst { inst, places } => {
                    let inst = &block.insts[inst as usize];
                    let places = &placed.places[places as usize..];
                    line(&Listed {
                        placed,
                        inst,
                        places,
                    });
                }
                _ => line(&Copied { placed, op }),
            }
        }
        for (edge, ops) in block.edges.iter().zip(&placed.edges[at]) {
            line(&format_args!("→ block{}", edge.to));
            for op in ops {
                line(&format_args!("    {}", Copied { placed, op }));
            }
        }
    }
    text
}

/// A place.
struct Located<'a> {
    placed: &'a Placed,
    place: Place,
    /// Bits of a general register.
    bits: u8,
}

impl Display for Located<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.place {
            Place::Reg(reg) => f.write_str(&name(reg, self.bits)),
            Place::Constant(value) => write!(f, "{value}"),
            Place::Slot(vreg) => match self.placed.slot(vreg) {
                Some(Slot::Own(number)) => write!(f, "[slot {number}]"),
                Some(Slot::Incoming(offset)) => write!(f, "[argument {offset}]"),
                None => f.write_str("[no slot]"),
            },
        }
    }
}

/// The name of a register as one of so many bits.
fn name(reg: Reg, bits: u8) -> String {
    let whole = format!("{reg:?}");
    if reg.is_vector() || bits == 64 {
        return whole;
    }
    if reg.code() >= 8 {
        let suffix = match bits {
            8 => "b",
            16 => "w",
            _ => "d",
        };
        return whole + suffix;
    }
    let letters = &whole[1..];
    match bits {
        8 if letters.ends_with('x') => format!("{}l", &letters[..1]),
        8 => format!("{letters}l"),
        16 => letters.to_owned(),
        _ => format!("e{letters}"),
    }
}

/// A copy.
struct Copied<'a> {
    placed: &'a Placed,
    op: &'a Op,
}

impl Display for Copied<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let located = |place, bits| Located {
            placed: self.placed,
            place,
            bits,
        };
        let wide = |reg| name(reg, 64);
        match *self.op {
            Op::Copy { from, to, class } => {
                let bits = match class {
                    Class::Narrow => 32,
                    _ => 64,
                };
                let why = match (from, to) {
                    (Place::Slot(vreg), Place::Reg(_)) => format!(" ; reload {}", value(vreg)),
                    (_, Place::Slot(vreg)) => format!(" ; spill {}", value(vreg)),
                    _ => String::new(),
                };
                write!(f, "mov {}, {}{why}", located(to, bits), located(from, bits))
            }
            Op::Exchange(a, b) => write!(f, "xchg {}, {}", wide(a), wide(b)),
            Op::Push(place) => write!(f, "push {}", located(place, 64)),
            Op::Pop(place) => write!(f, "pop {}", located(place, 64)),
            Op::Inst { .. } => unreachable!("an instruction is no copy"),
        }
    }
}

fn value(vreg: VReg) -> String {
    format!("{vreg}")
}

/// An instruction.
struct Listed<'a> {
    placed: &'a Placed,
    inst: &'a Inst,
    places: &'a [Place],
}

impl Listed<'_> {
    fn used(&self, number: usize, bits: u8) -> Located<'_> {
        Located {
            placed: self.placed,
            place: self.places[number],
            bits,
        }
    }

    fn defined(&self, number: usize, bits: u8) -> Located<'_> {
        self.used(self.inst.uses.len() + number, bits)
    }

    fn memory(&self, address: Address) -> String {
        if let Some((symbol, addend)) = address.symbol {
            return format!("[rip + {symbol} + {addend}]");
        }
        if let Some(constant) = address.constant {
            return format!("[rip + constant {constant}]");
        }
        let base = address
            .base
            .map(|base| self.used(base as usize, 64).to_string());
        let index = address
            .index
            .map(|(index, shift)| format!("{} * {}", self.used(index as usize, 64), 1 << shift));
        let displacement = Some(address.displacement.to_string())
            .filter(|text| text != "0" || base.is_none() && index.is_none());
        let parts: Vec<String> = [base, index, displacement].into_iter().flatten().collect();
        format!("[{}]", parts.join(" + "))
    }

    fn encoded(&self, f: &mut Formatter<'_>, encoding: Encoding) -> Result {
        let digit = match encoding.reg {
            RegField::Digit(digit) => Some(digit),
            _ => None,
        };
        let known = NAMES.iter().find(|row| {
            (row.0, row.1, row.2, row.3) == (encoding.map, encoding.prefix, encoding.opcode, digit)
        });
        let mnemonic = known.map_or("?", |row| row.4);
        let bits = match (encoding.wide, encoding.map, encoding.prefix) {
            (true, ..) => 64,
            (false, Map::One, 0x66) => 16,
            _ => 32,
        };
        let reg_bits = if encoding.byte_reg { 8 } else { bits };
        let rm_bits = if encoding.byte_rm { 8 } else { bits };
        let reg = match encoding.reg {
            RegField::Def(number) => Some(self.defined(number.into(), reg_bits).to_string()),
            RegField::Use(number) => Some(self.used(number.into(), reg_bits).to_string()),
            RegField::Digit(_) => None,
        };
        let rm = match encoding.rm {
            RmField::Def(number) => self.defined(number.into(), rm_bits).to_string(),
            RmField::Use(number) => self.used(number.into(), rm_bits).to_string(),
            RmField::Memory(address) => self.memory(address),
        };
        let by_count = (encoding.map, encoding.opcode) == (Map::One, 0xd3);
        let imm = match encoding.imm {
            Imm::None => by_count.then(|| "cl".to_owned()),
            Imm::Byte(value) => Some(value.to_string()),
            Imm::Word(value) => Some(value.to_string()),
            Imm::Long(value) => Some(value.to_string()),
        };
        let into_rm = match encoding.map {
            Map::One => matches!(
                encoding.opcode,
                0x01 | 0x09 | 0x21 | 0x29 | 0x31 | 0x39 | 0x84 | 0x85 | 0x88 | 0x89
            ),
            _ => matches!(encoding.opcode, 0x11 | 0x7e),
        };
        let operands = match into_rm {
            true => [Some(rm), reg, imm],
            false => [reg, Some(rm), imm],
        };
        let operands: Vec<String> = operands.into_iter().flatten().collect();
        write!(f, "{mnemonic} {}", operands.join(", "))
    }
}

/// A condition as jumps have it.
fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Code(code) => CONDITIONS[code as usize],
        Condition::FloatEqual => "e and np",
        Condition::FloatNotEqual => "ne or p",
    }
}

impl Display for Listed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let bits = |wide| if wide { 64 } else { 32 };
        match self.inst.kind {
            Kind::Encoded(encoding) => self.encoded(f, encoding),
            Kind::Constant(value) => write!(f, "mov {}, {value}", self.defined(0, 64)),
            Kind::Add { wide } => {
                let bits = bits(wide);
                let (left, right) = (self.used(0, bits), self.used(1, bits));
                write!(f, "lea {}, [{left} + {right}]", self.defined(0, bits))
            }
            Kind::AddConstant { wide, constant } => {
                let bits = bits(wide);
                let (to, from) = (self.defined(0, bits), self.used(0, bits));
                match to.place == from.place && self.inst.flags == Flags::Writes {
                    true => write!(f, "add {to}, {constant}"),
                    false => write!(f, "lea {to}, [{from} + {constant}]"),
                }
            }
            Kind::ZeroExtend => write!(f, "mov {}, {}", self.defined(0, 32), self.used(0, 32)),
            Kind::Pinned => write!(f, "mov {}, r15", self.defined(0, 64)),
            Kind::Divide { signed, wide } => {
                let name = if signed { "idiv" } else { "div" };
                write!(f, "{name} {}", self.used(1, bits(wide)))
            }
            Kind::ByteSwap { wide } => write!(f, "bswap {}", self.defined(0, bits(wide))),
            Kind::Choose {
                condition: code,
                wide,
            } => {
                let (to, from) = (self.defined(0, bits(wide)), self.used(1, bits(wide)));
                write!(f, "cmov {}: {to}, {from}", condition(code))
            }
            Kind::ChooseFloat(code) => {
                let (to, from) = (self.defined(0, 64), self.used(1, 64));
                write!(f, "mov {}: {to}, {from}", condition(code))
            }
            Kind::Set(code) => {
                write!(f, "set{} {}", CONDITIONS[code as usize], self.defined(0, 8))
            }
            Kind::Saturate {
                from_wide,
                to_wide,
                signed,
                ..
            } => {
                let sign = if signed { "signed" } else { "unsigned" };
                let (to, from) = (self.defined(0, bits(to_wide)), self.used(0, 64));
                write!(f, "saturate {sign} {to}, {from} ; f{}", bits(from_wide))
            }
            Kind::FromUnsigned { wide } => {
                let (to, from) = (self.defined(0, 64), self.used(0, 64));
                write!(f, "from unsigned {to}, {from} ; f{}", bits(wide))
            }
            Kind::Extreme { wide, greater } => {
                let name = if greater { "maximum" } else { "minimum" };
                let (to, other) = (self.defined(0, 64), self.used(1, 64));
                write!(f, "{name} {to}, {other} ; f{}", bits(wide))
            }
            Kind::Call(symbol) => write!(f, "call {symbol}"),
            Kind::CallIndirect => write!(f, "call {}", self.used(0, 64)),
            Kind::ReturnCall(symbol) => write!(f, "leave; jmp {symbol}"),
            Kind::ReturnCallIndirect => write!(f, "leave; jmp {}", self.used(0, 64)),
            Kind::Argument(offset) => write!(f, "mov [rsp + {offset}], {}", self.used(0, 64)),
            Kind::TryCall(symbol) => write!(f, "call {symbol} ; or an exception"),
            Kind::TryCallIndirect => write!(f, "call {} ; or an exception", self.used(0, 64)),
            Kind::FramePointer => write!(f, "mov {}, rbp", self.defined(0, 64)),
            Kind::Return => f.write_str("leave; ret"),
            Kind::Jump => f.write_str("jmp"),
            Kind::Branch(code) => write!(f, "j {}", condition(code)),
            Kind::Table => write!(f, "jmp table[{}]", self.used(0, 32)),
            Kind::Trap(code) => write!(f, "trap {code}"),
            Kind::TrapIf(code, why) => write!(f, "trap {why} if {}", condition(code)),
        }
    }
}
