//! Compares what a script's executable wrote with what must happen.

use wasmc_abi::script::ScriptStatus;
use wasmc_abi::traps::Trap;

use super::plan::Check;
use super::report::Report;
use super::script::Expect;
use super::values;
use crate::process::Outcome;

/// What happened at a command.
enum Event {
    Values(Vec<u128>),
    Trap(Trap),
    Unlinkable,
    OutOfMemory,
}

/// Judges every check; those for which there is no record fail.
pub(super) fn judge(checks: &[Check<'_>], outcome: &Outcome, report: &mut Report) {
    let mut records = Records(&outcome.stdout);
    let mut last_line = 0;
    for (number, check) in checks.iter().enumerate() {
        let event = match records.next(number) {
            Ok(event) => event,
            Err(text) => {
                let text = format!(
                    "{text} after line {last_line}: {}{}",
                    outcome.describe(),
                    stderr(outcome)
                );
                for check in &checks[number..] {
                    report.fail(check.kind, check.line, text.clone());
                }
                return;
            }
        };
        last_line = check.line;
        match compare(&check.expect, &event) {
            Ok(()) => report.pass(check.kind),
            Err(text) => report.fail(check.kind, check.line, text),
        }
    }
    if outcome.code() != Some(0) || !records.0.is_empty() {
        let line = last_line;
        let text = format!(
            "the executable ended badly: {}{}",
            outcome.describe(),
            stderr(outcome)
        );
        report.fail(super::Kind::Step, line, text);
    }
}

fn stderr(outcome: &Outcome) -> String {
    let text = String::from_utf8_lossy(&outcome.stderr);
    match text.trim() {
        "" => String::new(),
        text => format!("; {text}"),
    }
}

fn compare(expect: &Expect<'_>, event: &Event) -> Result<(), String> {
    let same = |expected: &str, trap: Trap| {
        let text = trap.text();
        // The suite's texts are sometimes shorter ("undefined"), sometimes longer
        // ("uninitialized element 2").
        !expected.is_empty() && (expected.starts_with(text) || text.starts_with(expected))
    };
    let holds = match (expect, event) {
        (Expect::Completion, Event::Values(_)) => true,
        (Expect::Results(patterns), Event::Values(bits)) => {
            patterns.len() == bits.len()
                && patterns
                    .iter()
                    .zip(bits)
                    .all(|(pattern, &bits)| values::matches(pattern, bits))
        }
        (Expect::Trap(text), Event::Trap(trap)) => same(text, *trap),
        (Expect::Exhaustion(text), Event::Trap(trap)) => {
            *trap == Trap::CallStackExhausted && same(text, *trap)
        }
        (Expect::Exception, Event::Trap(trap)) => *trap == Trap::UncaughtException,
        (Expect::Unlinkable(text), Event::Unlinkable) => *text == "incompatible import type",
        _ => false,
    };
    if holds {
        return Ok(());
    }
    Err(format!(
        "expected {}, got {}",
        describe_expect(expect),
        describe_event(event)
    ))
}

fn describe_expect(expect: &Expect<'_>) -> String {
    match expect {
        Expect::Completion => "success".into(),
        Expect::Results(patterns) => values::describe_patterns(patterns),
        Expect::Trap(text) | Expect::Exhaustion(text) => format!("trap `{text}`"),
        Expect::Exception => "an exception".into(),
        Expect::Unlinkable(text) => format!("`{text}`"),
    }
}

fn describe_event(event: &Event) -> String {
    match event {
        Event::Values(bits) => values::describe_bits(bits),
        Event::Trap(trap) => format!("trap `{}`", trap.text()),
        Event::Unlinkable => "an import that is too small".into(),
        Event::OutOfMemory => "no memory from the system".into(),
    }
}

/// What is still to be read of the driver's output.
///
/// ```text
/// | command u32 | status u32 | code u32 | value_count u32 | value 0: 16 bytes | ...
/// ```
struct Records<'a>(&'a [u8]);

impl Records<'_> {
    /// The record of command `number`.
    fn next(&mut self, number: usize) -> Result<Event, String> {
        let mut header = [0; 4];
        for word in &mut header {
            *word = u32::from_le_bytes(self.take().ok_or("the executable stopped")?);
        }
        let [command, status, code, count] = header;
        if command as usize != number {
            return Err(format!("the driver wrote a record of command {command}"));
        }
        let mut bits = Vec::new();
        for _ in 0..count {
            bits.push(u128::from_le_bytes(
                self.take().ok_or("the executable stopped")?,
            ));
        }
        if status == ScriptStatus::Ok as u32 {
            return Ok(Event::Values(bits));
        }
        if status == ScriptStatus::Unlinkable as u32 {
            return Ok(Event::Unlinkable);
        }
        if status == ScriptStatus::Exhausted as u32 {
            return Ok(Event::OutOfMemory);
        }
        u8::try_from(code)
            .ok()
            .and_then(Trap::from_code)
            .filter(|_| status == ScriptStatus::Trap as u32)
            .map(Event::Trap)
            .ok_or_else(|| format!("the driver wrote status {status}, code {code}"))
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }
}
