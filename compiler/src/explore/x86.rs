//! How long is an instruction of x86-64, and of what kind? As much as it takes to find one in the
//! text of the same code (Intel's manual, volume 2, chapter 2 and appendix A).

/// What kinds of instructions are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Add,
    Or,
    Adc,
    Sbb,
    And,
    Sub,
    Xor,
    Cmp,
    Test,
    Move,
    Lea,
    Push,
    Pop,
    Shift,
    Multiply,
    Not,
    Negate,
    SetIf,
    MoveIf,
    Call,
    Return,
    Jump,
    JumpIf,
    Trap,
    Other,
}

/// The arithmetic ones, as instructions number them.
const ARITHMETIC: [Kind; 8] = [
    Kind::Add,
    Kind::Or,
    Kind::Adc,
    Kind::Sbb,
    Kind::And,
    Kind::Sub,
    Kind::Xor,
    Kind::Cmp,
];

/// The length and the kind of the instruction at the beginning of the code; `None` if there is none
/// that compilers emit.
pub(super) fn decode(code: &[u8]) -> Option<(usize, Kind)> {
    let mut at = 0;
    let mut wide = false;
    let mut short = false;
    loop {
        match *code.get(at)? {
            0x66 => short = true,
            0xf0 | 0xf2 | 0xf3 | 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 => {}
            _ => break,
        }
        at += 1;
    }
    if let rex @ 0x40..=0x4f = *code.get(at)? {
        wide = rex & 8 != 0;
        at += 1;
    }
    let opcode = *code.get(at)?;
    at += 1;
    match opcode {
        // VEX and EVEX: the map is in the prefix.
        0xc5 => vector(code, at + 1, 1),
        0xc4 => vector(code, at + 2, code.get(at)? & 0x1f),
        0x62 => vector(code, at + 3, code.get(at)? & 7),
        0x0f => two_bytes(code, at),
        _ => one_byte(code, at, opcode, wide, short),
    }
}

fn vector(code: &[u8], at: usize, map: u8) -> Option<(usize, Kind)> {
    let opcode = *code.get(at)?;
    let immediate = match map {
        1 => usize::from(matches!(opcode, 0x70..=0x73 | 0xc2 | 0xc4..=0xc6)),
        3 => 1,
        _ => 0,
    };
    let end = match (map, opcode) {
        (1, 0x77) => at + 1,
        _ => operand(code, at + 1)? + immediate,
    };
    (end <= code.len()).then_some((end, Kind::Other))
}

fn two_bytes(code: &[u8], at: usize) -> Option<(usize, Kind)> {
    let opcode = *code.get(at)?;
    let at = at + 1;
    let (end, kind) = match opcode {
        0x0b => (at, Kind::Trap),
        0x05 | 0x31 | 0x77 | 0xa2 | 0xc8..=0xcf => (at, Kind::Other),
        0x38 => (operand(code, at + 1)?, Kind::Other),
        0x3a => (operand(code, at + 1)? + 1, Kind::Other),
        0x40..=0x4f => (operand(code, at)?, Kind::MoveIf),
        0x80..=0x8f => (at + 4, Kind::JumpIf),
        0x90..=0x9f => (operand(code, at)?, Kind::SetIf),
        0xa4 | 0xac => (operand(code, at)? + 1, Kind::Shift),
        0xa5 | 0xad => (operand(code, at)?, Kind::Shift),
        0xaf => (operand(code, at)?, Kind::Multiply),
        0xb6 | 0xb7 | 0xbe | 0xbf => (operand(code, at)?, Kind::Move),
        0x70..=0x73 | 0xba | 0xc2 | 0xc4..=0xc6 => (operand(code, at)? + 1, Kind::Other),
        _ => (operand(code, at)?, Kind::Other),
    };
    (end <= code.len()).then_some((end, kind))
}

fn one_byte(code: &[u8], at: usize, opcode: u8, wide: bool, short: bool) -> Option<(usize, Kind)> {
    // Bytes of an immediate operand as wide as the instruction's, but for 64 bits.
    let full = if short { 2 } else { 4 };
    let register = || code.get(at).map(|byte| byte >> 3 & 7);
    let arithmetic = |number: u8| ARITHMETIC[usize::from(number)];
    let (end, kind) = match opcode {
        0x00..=0x3f => {
            let end = match opcode & 7 {
                0..=3 => operand(code, at)?,
                4 => at + 1,
                5 => at + full,
                _ => return None,
            };
            (end, arithmetic(opcode >> 3))
        }
        0x50..=0x57 => (at, Kind::Push),
        0x58..=0x5f => (at, Kind::Pop),
        0x63 => (operand(code, at)?, Kind::Move),
        0x68 => (at + 4, Kind::Push),
        0x6a => (at + 1, Kind::Push),
        0x69 => (operand(code, at)? + full, Kind::Multiply),
        0x6b => (operand(code, at)? + 1, Kind::Multiply),
        0x70..=0x7f => (at + 1, Kind::JumpIf),
        0x80 | 0x83 => (operand(code, at)? + 1, arithmetic(register()?)),
        0x81 => (operand(code, at)? + full, arithmetic(register()?)),
        0x84 | 0x85 => (operand(code, at)?, Kind::Test),
        0x86 | 0x87 => (operand(code, at)?, Kind::Other),
        0x88..=0x8b => (operand(code, at)?, Kind::Move),
        0x8d => (operand(code, at)?, Kind::Lea),
        0x8f => (operand(code, at)?, Kind::Pop),
        0x90..=0x99 | 0xa4..=0xa7 | 0xaa..=0xaf | 0xcc | 0xf4 => (at, Kind::Other),
        0xa8 => (at + 1, Kind::Test),
        0xa9 => (at + full, Kind::Test),
        0xb0..=0xb7 => (at + 1, Kind::Move),
        0xb8..=0xbf if wide => (at + 8, Kind::Move),
        0xb8..=0xbf => (at + full, Kind::Move),
        0xc0 | 0xc1 => (operand(code, at)? + 1, Kind::Shift),
        0xd0..=0xd3 => (operand(code, at)?, Kind::Shift),
        0xc2 => (at + 2, Kind::Return),
        0xc3 => (at, Kind::Return),
        0xc6 => (operand(code, at)? + 1, Kind::Move),
        0xc7 => (operand(code, at)? + full, Kind::Move),
        0xe8 => (at + 4, Kind::Call),
        0xe9 => (at + 4, Kind::Jump),
        0xeb => (at + 1, Kind::Jump),
        0xf6 | 0xf7 => {
            let end = operand(code, at)?;
            let immediate = if opcode == 0xf6 { 1 } else { full };
            match register()? {
                0 | 1 => (end + immediate, Kind::Test),
                2 => (end, Kind::Not),
                3 => (end, Kind::Negate),
                _ => (end, Kind::Multiply),
            }
        }
        0xfe => (operand(code, at)?, Kind::Other),
        0xff => {
            let kind = match register()? {
                2 => Kind::Call,
                4 => Kind::Jump,
                6 => Kind::Push,
                _ => Kind::Other,
            };
            (operand(code, at)?, kind)
        }
        _ => return None,
    };
    (end <= code.len()).then_some((end, kind))
}

/// The end of the bytes that say where an operand is.
fn operand(code: &[u8], at: usize) -> Option<usize> {
    let byte = *code.get(at)?;
    let (mode, base) = (byte >> 6, byte & 7);
    let mut end = at + 1;
    if mode == 3 {
        return Some(end);
    }
    let mut base = base;
    if base == 4 {
        base = code.get(end)? & 7;
        end += 1;
        if mode == 0 && base == 5 {
            return Some(end + 4);
        }
    } else if mode == 0 && base == 5 {
        return Some(end + 4);
    }
    Some(match mode {
        0 => end,
        1 => end + 1,
        _ => end + 4,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_as_long_as_they_are() {
        for (code, kind) in [
            (&[0x55][..], Kind::Push),
            (&[0x48, 0x89, 0xe5], Kind::Move),
            (&[0x48, 0x83, 0xec, 0x50], Kind::Sub),
            (&[0x48, 0x89, 0x5c, 0x24, 0x20], Kind::Move),
            (&[0x8b, 0xbe, 4, 0, 8, 0x3c], Kind::Move),
            (&[0x48, 0x8d, 0x15, 1, 2, 3, 4], Kind::Lea),
            (&[0x8b, 0x04, 0x25, 1, 2, 3, 4], Kind::Move),
            (&[0x69, 0xd2, 0x6d, 0x4e, 0xc6, 0x41], Kind::Multiply),
            (&[0x49, 0xbb, 1, 2, 3, 4, 5, 6, 7, 8], Kind::Move),
            (&[0x66, 0x81, 0xc1, 1, 2], Kind::Add),
            (&[0xe8, 0, 0, 0, 0], Kind::Call),
            (&[0x41, 0xff, 0xd3], Kind::Call),
            (&[0x0f, 0x8f, 0, 0, 0, 0], Kind::JumpIf),
            (&[0x75, 0xfe], Kind::JumpIf),
            (&[0x0f, 0x0b], Kind::Trap),
            (&[0xf7, 0xf9], Kind::Multiply),
            (&[0xf7, 0xc1, 1, 0, 0, 0], Kind::Test),
            (&[0xf2, 0x0f, 0x58, 0xc1], Kind::Other),
            (&[0x66, 0x0f, 0x3a, 0x0b, 0xc1, 3], Kind::Other),
            (&[0xc5, 0xf1, 0x58, 0xc2], Kind::Other),
            (&[0xc4, 0xe2, 0xf1, 0xb8, 0xc2], Kind::Other),
            (&[0xc4, 0xe3, 0x79, 0x0b, 0xc1, 4], Kind::Other),
            (&[0xc3], Kind::Return),
        ] {
            let mut longer = code.to_vec();
            longer.extend([0x90; 4]);
            assert_eq!(decode(&longer), Some((code.len(), kind)), "{code:x?}");
            assert_eq!(decode(&code[..code.len() - 1]), None, "{code:x?}");
        }
    }
}
