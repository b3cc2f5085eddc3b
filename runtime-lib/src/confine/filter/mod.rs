//! Which program of the kernel's filter machine lets exactly the needed system calls through?
//!
//! ```text
//! another architecture?  → kill
//! binary search over ranges of numbers: nothing here → kill, allowed → allow,
//!                                       allowed with some arguments → compare them
//! ```
//!
//! The kernel runs a new filter for each of its some 460 numbers, to remember which are always
//! allowed, so that the cost of a start is the sum of all paths, not the length of one. Ranges are
//! therefore halved by how many numbers they hold. *Measured*: a chain of comparisons costs four
//! times as much.

use crate::arch;
use crate::sys::process;
use crate::sys::seccomp::{self, Instruction};
use core::mem::MaybeUninit;
use wasmc_abi::confine::Needs;
use wasmc_abi::syscalls::{
    CONDITION_COUNT, COUNT, Condition, MOST_CONDITIONS, Rule, conditions, rules,
};

/// Every rule for this architecture, ascending by number.
static RULES: [Rule; COUNT] = rules(arch::NUMBERS);
/// What they compare.
static CONDITIONS: [Condition; CONDITION_COUNT] = conditions();

/// Most ranges: for each rule one, and one behind it.
const MAX_RANGES: usize = 2 * COUNT + 3;
/// Room for the program. What all needs together take is a third of it.
const MAX_INSTRUCTIONS: usize = 1024;
/// Numbers that the kernel has at most, as far as the balance of the search is concerned.
const NUMBERS: u32 = 512;

/// Words of the kernel's `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER_OR_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;

const ALLOW: u32 = 0x7fff_0000;
const KILL_PROCESS: u32 = 0x8000_0000;

/// Installs the filter; whether the kernel has taken it.
pub fn enforce(needs: Needs) -> bool {
    let mut program = Program::new();
    program.compose(needs, process::id());
    seccomp::install(program.instructions())
}

/// What happens to the numbers of a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Kill,
    Allow,
    /// Whatever one of the rules from `first` up to `end` allows.
    Compare {
        first: u16,
        end: u16,
    },
}

/// Numbers from `start` up to the next range.
#[derive(Clone, Copy, Debug)]
struct Range {
    start: u32,
    verdict: Verdict,
}

/// Ranges of numbers, ascending; the first starts at 0.
struct Ranges {
    ranges: [Range; MAX_RANGES],
    len: usize,
}

impl Ranges {
    /// The ranges that serve the needs.
    fn of(needs: Needs) -> Ranges {
        let mut ranges = Ranges {
            ranges: [Range {
                start: 0,
                verdict: Verdict::Kill,
            }; MAX_RANGES],
            len: 1,
        };
        let mut at = 0;
        while let Some(rule) = RULES.get(at) {
            let same = |other: &&Rule| other.number == rule.number;
            let end = at + RULES.iter().skip(at).take_while(same).count();
            let rules = RULES.iter().take(end).skip(at);
            let mut needed = rules.filter(|rule| rule.needs.intersects(needs)).peekable();
            if needed.peek().is_some() {
                let verdict = match needed.any(|rule| rule.conditions == [0; MOST_CONDITIONS]) {
                    true => Verdict::Allow,
                    false => Verdict::Compare {
                        first: at as u16,
                        end: end as u16,
                    },
                };
                let number = u32::from(rule.number);
                ranges.push(number, verdict);
                ranges.push(number + 1, Verdict::Kill);
            }
            at = end;
        }
        // A tracer makes the kernel skip a system call by changing its number to this one.
        ranges.push(u32::MAX, Verdict::Allow);
        ranges
    }

    /// Sets what happens from a number on, which is not below the start of the last range.
    fn push(&mut self, start: u32, verdict: Verdict) {
        if let Some(last) = self.len.checked_sub(1).and_then(|at| self.ranges.get(at))
            && last.start == start
        {
            self.len -= 1;
        }
        let before = self.len.checked_sub(1).and_then(|at| self.ranges.get(at));
        if before.is_some_and(|before| before.verdict == verdict) {
            return;
        }
        if let Some(slot) = self.ranges.get_mut(self.len) {
            *slot = Range { start, verdict };
            self.len += 1;
        }
    }

    fn get(&self) -> &[Range] {
        self.ranges.get(..self.len).unwrap_or_default()
    }
}

/// A program, written from its end, so that the distance of every jump is known. A place in it is
/// the number of instructions from there to the end.
struct Program {
    instructions: [MaybeUninit<Instruction>; MAX_INSTRUCTIONS],
    /// Index of the first instruction.
    start: usize,
    /// Where the process is killed, and where the call is allowed; 0 for nowhere yet.
    kill: usize,
    allow: usize,
}

/// How far a comparison can jump.
const REACH: usize = 255;

impl Program {
    fn new() -> Program {
        Program {
            instructions: [MaybeUninit::uninit(); MAX_INSTRUCTIONS],
            start: MAX_INSTRUCTIONS,
            kill: 0,
            allow: 0,
        }
    }

    /// The place of the first instruction.
    fn here(&self) -> usize {
        MAX_INSTRUCTIONS - self.start
    }

    fn instructions(&self) -> &[Instruction] {
        let written = self.instructions.get(self.start..).unwrap_or_default();
        // SAFETY: `prepend` has written every instruction from `start` on.
        unsafe { core::slice::from_raw_parts(written.as_ptr().cast(), written.len()) }
    }

    /// Puts an instruction in front of the others.
    fn prepend(&mut self, code: u16, (if_true, if_false): (usize, usize), k: u32) {
        debug_assert!(if_true <= REACH && if_false <= REACH);
        let Some(start) = self.start.checked_sub(1) else {
            return;
        };
        self.start = start;
        if let Some(slot) = self.instructions.get_mut(start) {
            slot.write(Instruction {
                code,
                if_true: if_true as u8,
                if_false: if_false as u8,
                k,
            });
        }
    }

    /// Puts a comparison in front that goes on at one of two places; the place of the comparison.
    fn branch(&mut self, code: u16, k: u32, if_true: usize, if_false: usize) -> usize {
        // One instruction more may come in between.
        let if_true = self.within_reach(if_true, 1);
        let if_false = self.within_reach(if_false, 0);
        let here = self.here();
        self.prepend(code, (here - if_true, here - if_false), k);
        self.here()
    }

    /// A place from which the program goes on at `place`, and that a comparison can jump to.
    fn within_reach(&mut self, place: usize, more: usize) -> usize {
        let distance = self.here() - place;
        if distance + more <= REACH {
            return place;
        }
        self.prepend(JUMP, (0, 0), distance as u32);
        self.here()
    }

    /// The program that serves the needs of the process with this number.
    fn compose(&mut self, needs: Needs, process: u32) {
        let search = self.search(Ranges::of(needs).get(), NUMBERS, needs, process);
        debug_assert_eq!(search, self.here());
        self.prepend(LOAD, (0, 0), NUMBER);
        self.prepend(RETURN, (0, 0), KILL_PROCESS);
        self.prepend(JUMP_EQUAL, (1, 0), arch::AUDIT);
        self.prepend(LOAD, (0, 0), ARCHITECTURE);
    }

    /// Finds the range of the number, which is below `end` as far as the balance is concerned: the
    /// place where that begins.
    fn search(&mut self, ranges: &[Range], end: u32, needs: Needs, process: u32) -> usize {
        let Some(middle) = middle(ranges, end) else {
            let verdict = ranges.first().map_or(Verdict::Kill, |range| range.verdict);
            return self.judge(verdict, needs, process);
        };
        let (below, above) = ranges.split_at_checked(middle).unwrap_or((ranges, &[]));
        let bound = above.first().map_or(0, |range| range.start);
        let above = self.search(above, end, needs, process);
        let below = self.search(below, bound, needs, process);
        self.branch(JUMP_GREATER_OR_EQUAL, bound, above, below)
    }

    /// The place where a verdict is given.
    fn judge(&mut self, verdict: Verdict, needs: Needs, process: u32) -> usize {
        match verdict {
            Verdict::Kill => self.kill(),
            Verdict::Allow => self.allow(),
            Verdict::Compare { first, end } => {
                let rules = RULES.get(usize::from(first)..usize::from(end));
                let rules = rules.unwrap_or_default().iter().rev();
                let rules = rules.filter(|rule| rule.needs.intersects(needs));
                // Where the next alternative begins.
                let mut next = self.kill();
                for rule in rules {
                    next = self.compare(rule, process, next);
                }
                next
            }
        }
    }

    /// Compares what a rule's conditions are about; goes on at `otherwise` when one does not hold.
    fn compare(&mut self, rule: &Rule, process: u32, otherwise: usize) -> usize {
        let mut place = self.allow();
        for &at in rule.conditions.iter().rev() {
            let condition = CONDITIONS.get(usize::from(at));
            let Some(condition) = condition.filter(|condition| condition.mask != 0) else {
                continue;
            };
            let argument = ARGUMENTS + 8 * u32::from(condition.argument);
            if condition.whole {
                self.branch(JUMP_EQUAL, 0, place, otherwise);
                self.prepend(LOAD, (0, 0), argument + 4);
                place = self.here();
            }
            let value = match condition.own_process {
                true => process,
                false => condition.value,
            };
            self.branch(JUMP_EQUAL, value, place, otherwise);
            if condition.mask != u32::MAX {
                self.prepend(AND, (0, 0), condition.mask);
            }
            self.prepend(LOAD, (0, 0), argument);
            place = self.here();
        }
        place
    }

    /// A place near by where the process is killed.
    fn kill(&mut self) -> usize {
        self.kill = self.answer(self.kill, KILL_PROCESS);
        self.kill
    }

    /// A place near by where the call is allowed.
    fn allow(&mut self) -> usize {
        self.allow = self.answer(self.allow, ALLOW);
        self.allow
    }

    fn answer(&mut self, place: usize, answer: u32) -> usize {
        if place > 0 && self.here() - place < REACH / 2 {
            return place;
        }
        self.prepend(RETURN, (0, 0), answer);
        self.here()
    }
}

/// Where to part the ranges, so that about as many numbers lie on either side; `None` for one.
fn middle(ranges: &[Range], end: u32) -> Option<usize> {
    let start = ranges.first()?.start;
    let half = (start.min(NUMBERS) + end.min(NUMBERS)) / 2;
    let starts = ranges.iter().enumerate().skip(1);
    let distance = starts.map(|(at, range)| (range.start.abs_diff(half), at));
    distance.min().map(|(_, at)| at)
}

#[cfg(test)]
mod tests;
