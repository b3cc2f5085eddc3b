//! Compares what a script's executable wrote with what must happen.

use wasmc_abi::traps::Trap;

use super::plan::Check;
use super::report::Report;
use super::script::Expect;
use super::values;
use crate::process::Outcome;
use crate::records::{Event, Records};

/// Judges every check; those for which there is no record fail.
pub(super) fn judge(checks: &[Check<'_>], outcome: &Outcome, report: &mut Report) {
    let mut records = Records::new(&outcome.stdout);
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
    if outcome.code() != Some(0) || !records.is_at_end() {
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
