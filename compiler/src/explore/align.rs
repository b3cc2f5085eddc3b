//! Which line of Cranelift's text is which instruction of the machine code?
//!
//! Cranelift writes the text from what it emits, but not where that comes to lie; and some lines
//! become several instructions, or none where a jump leads to what follows it. So the code is cut
//! into instructions, and both are read side by side: where the kinds differ, the nearest pair is
//! looked for from which on they agree again.

use super::x86::{Kind, decode};

/// Lines and instructions that are skipped at most to find where both agree again.
const MAX_SKIP: usize = 24;
/// How many must agree one after another.
const RUN: usize = 3;

/// For each line the offset of its code; `None` where there is none, or it was not found.
pub(super) fn offsets(lines: &[&str], code: &[u8]) -> Vec<Option<u32>> {
    let mut instructions = Vec::new();
    let mut at = 0;
    while let Some((len, kind)) = code.get(at..).and_then(decode) {
        instructions.push((at as u32, kind));
        at += len;
    }
    let kinds: Vec<(usize, Kind)> = lines
        .iter()
        .enumerate()
        .filter_map(|(number, line)| Some((number, kind_of(line)?)))
        .collect();
    let mut found = vec![None; lines.len()];
    let (mut line, mut instruction) = (0, 0);
    while line < kinds.len() && instruction < instructions.len() {
        let (number, kind) = kinds[line];
        let (offset, actual) = instructions[instruction];
        if kind == actual {
            found[number] = Some(offset);
            line += 1;
            instruction += 1;
            continue;
        }
        match resume(&kinds[line..], &instructions[instruction..]) {
            Some((lines, instructions)) => {
                line += lines;
                instruction += instructions;
            }
            None => break,
        }
    }
    found
}

/// How many lines and instructions to skip until both agree again.
fn resume(lines: &[(usize, Kind)], instructions: &[(u32, Kind)]) -> Option<(usize, usize)> {
    let agree = |line: usize, instruction: usize| {
        let (Some(lines), Some(rest)) = (lines.get(line..), instructions.get(instruction..)) else {
            return false;
        };
        let pairs = lines.iter().zip(rest).take(RUN);
        let at_end = lines.is_empty() && rest.is_empty();
        at_end || (pairs.len() > 0 && pairs.into_iter().all(|(line, other)| line.1 == other.1))
    };
    (1..=MAX_SKIP).find_map(|skipped| {
        // A line that became nothing is more frequent than one that became several.
        (0..=skipped)
            .map(|instruction| (skipped - instruction, instruction))
            .find(|&(line, instruction)| agree(line, instruction))
    })
}

/// The kind of instruction that a line writes; `None` for labels and for what becomes no code.
fn kind_of(line: &str) -> Option<Kind> {
    let line = line.strip_prefix("  ")?;
    let (name, operands) = line.split_once(' ').unwrap_or((line, ""));
    let vector = operands.contains("%xmm") || operands.contains("%ymm");
    Some(match name {
        "uninit" | "args" | "" => return None,
        "call" | "callq" => Kind::Call,
        "ret" | "retq" => Kind::Return,
        "jmp" | "jmpq" => Kind::Jump,
        "ud2" => Kind::Trap,
        "load_ext_name" => Kind::Lea,
        _ if name.starts_with('j') => Kind::JumpIf,
        _ if vector || name.starts_with("lock") || name.starts_with("cmpxchg") => Kind::Other,
        _ => {
            let starts = [
                ("cmov", Kind::MoveIf),
                ("mov", Kind::Move),
                ("lea", Kind::Lea),
                ("push", Kind::Push),
                ("pop", Kind::Pop),
                ("add", Kind::Add),
                ("adc", Kind::Adc),
                ("sub", Kind::Sub),
                ("sbb", Kind::Sbb),
                ("and", Kind::And),
                ("xor", Kind::Xor),
                ("or", Kind::Or),
                ("cmp", Kind::Cmp),
                ("test", Kind::Test),
                ("set", Kind::SetIf),
                ("not", Kind::Not),
                ("neg", Kind::Negate),
                ("shl", Kind::Shift),
                ("shr", Kind::Shift),
                ("sal", Kind::Shift),
                ("sar", Kind::Shift),
                ("rol", Kind::Shift),
                ("ror", Kind::Shift),
                ("imul", Kind::Multiply),
                ("mul", Kind::Multiply),
                ("idiv", Kind::Multiply),
                ("div", Kind::Multiply),
            ];
            let is_count = name.starts_with("popcnt") || name.starts_with("andn");
            let known = starts.iter().find(|(start, _)| name.starts_with(start));
            match known {
                Some((_, kind)) if !is_count && !name.ends_with('x') => *kind,
                _ => Kind::Other,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_code_are_skipped() {
        let lines = [
            "  pushq %rbp",
            "  movq %rsp, %rbp",
            "block0:",
            "  cmpl $0x2, %edi",
            "  jl      label1; j label2",
            "block1:",
            "  jmp     label2",
            "block2:",
            "  xorl %eax, %eax",
            "  movq %rbp, %rsp",
            "  popq %rbp",
            "  retq",
        ];
        #[rustfmt::skip]
        let code = [
            0x55,
            0x48, 0x89, 0xe5,
            0x83, 0xff, 0x02,
            0x7c, 0x00,
            0x31, 0xc0,
            0x48, 0x89, 0xec,
            0x5d,
            0xc3,
        ];
        let expected = [
            Some(0),
            Some(1),
            None,
            Some(4),
            Some(7),
            None,
            None,
            None,
            Some(9),
            Some(11),
            Some(14),
            Some(15),
        ];
        assert_eq!(offsets(&lines, &code), expected);
        // Code of which nothing is known is no reason to give up what was found.
        let cut = offsets(&lines, &code[..9]);
        assert_eq!(cut[..5], expected[..5]);
    }
}
