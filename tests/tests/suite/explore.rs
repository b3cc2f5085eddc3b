//! `wasmc explore`: lines of machine code are linked to the instructions that they come from.

use std::collections::HashMap;

use wasmc_compiler::explore;
use wasmc_compiler::explore::ExploredFunction;
use wasmc_compiler::{Arch, InstanceSpec, Options};
use wasmc_tests::{programs, target::say};
use wasmparser::{Operator, Parser, Payload};

/// The operators of a module, by their offsets.
fn operators(module: &[u8]) -> HashMap<u32, Operator<'_>> {
    let mut found = HashMap::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionEntry(body) = payload.unwrap() {
            let operators = body.get_operators_reader().unwrap();
            for operator in operators.into_iter_with_offsets() {
                let (operator, offset) = operator.unwrap();
                found.insert(offset as u32, operator);
            }
        }
    }
    found
}

#[test]
fn machine_code_is_linked_to_what_it_comes_from() {
    if Arch::host() != Some(Arch::X86_64) {
        say("SKIPPED: machine code in pages: lines have offsets on x86-64 only");
        return;
    }
    let (mut lines, mut linked, mut divisions, mut calls) = (0, 0, 0, 0);
    for path in programs::all() {
        let name = path.to_string_lossy().into_owned();
        if !name.contains("/code/") && !name.contains("/memory/") && !name.contains("/traps/") {
            continue;
        }
        let Ok(module) = wat::parse_file(&path) else {
            continue;
        };
        let operators = operators(&module);
        let instance = InstanceSpec::new("", &module);
        let make = |function: ExploredFunction| function;
        let Ok((exploration, _)) = explore(&[instance], &[], &Options::default(), make) else {
            continue;
        };
        for function in exploration.functions {
            for (offset, line) in &function.assembly {
                if line.starts_with("  ") {
                    lines += 1;
                    linked += usize::from(offset.is_some());
                }
                let Some(operator) = offset.and_then(|offset| operators.get(&offset)) else {
                    continue;
                };
                let shown = format!("{operator:?}");
                let mnemonic = line.split_whitespace().next().unwrap_or_default();
                if ["divl", "divq", "idivl", "idivq"].contains(&mnemonic) {
                    divisions += 1;
                    let may = shown.contains("Div") || shown.contains("Rem");
                    assert!(may, "{name}: `{line}` of {shown}");
                }
                // A call of the module's own; functions of the runtime are called for others, too.
                if mnemonic == "call" && shown.contains("Call") {
                    calls += 1;
                }
            }
        }
    }
    assert!(divisions > 2, "{divisions} divisions");
    assert!(calls > 20, "{calls} calls");
    // Much of these small functions is how they begin and end, which comes from no instruction.
    let share = f64::from(linked as u32) / f64::from(lines);
    assert!(share > 0.5, "{linked} of {lines} lines are linked");
}
