//! How is a disagreement kept? As a module, and as a script that asserts what it must do.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Disagreement;
use super::reference::{Action, Expect, Pattern, Step, Value};

/// Writes a module and a script into a folder; returns the script's path.
pub fn save(found: &Disagreement, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
    let path = folder.join(format!("{:016x}.wast", found.seed));
    let write = |path: &Path, bytes: &[u8]| {
        fs::write(path, bytes).with_context(|| format!("failed to write `{}`", path.display()))
    };
    write(&path.with_extension("wasm"), &found.case.module)?;
    write(&path, script(found).as_bytes())?;
    Ok(path)
}

/// The module as text, and its steps up to the one that disagrees.
fn script(found: &Disagreement) -> String {
    let mut text = format!(
        ";; Seed {:#x}, {}: {}\n",
        found.seed,
        found.variant,
        found.text.replace('\n', " ")
    );
    match wasmprinter::print_bytes(&found.case.module) {
        Ok(module) => text.push_str(&module),
        Err(error) => {
            let _ = writeln!(text, ";; the module cannot be printed: {error}");
        }
    }
    text.push('\n');
    let steps = found.step.map_or(0, |step| step + 1);
    for step in &found.case.steps[..steps] {
        text.push_str(&line(step));
        text.push('\n');
    }
    text
}

fn line(step: &Step) -> String {
    let action = match &step.action {
        Action::Instantiate => return ";; instantiated".into(),
        Action::HashMemory(name) => return format!(";; memory {} is hashed", quoted(name)),
        Action::ReadGlobal(name) => format!("(get {})", quoted(name)),
        Action::Invoke { export, args } => {
            let args = args.iter().map(|&arg| format!(" {}", argument(arg)));
            format!("(invoke {}{})", quoted(export), args.collect::<String>())
        }
    };
    match &step.expect {
        Expect::Trap(code) => format!("(assert_trap {action} {})", quoted(code.trap_message())),
        Expect::Results(patterns) if patterns.is_empty() => action,
        Expect::Results(patterns) => format!("(assert_return {action}) ;; {}", results(patterns)),
    }
}

fn results(patterns: &[Pattern]) -> String {
    let texts: Vec<_> = patterns
        .iter()
        .map(|pattern| match pattern {
            Pattern::Bits(bits) => format!("{bits:#x}"),
            Pattern::Func => "a function".into(),
        })
        .collect();
    texts.join(" ")
}

fn argument(value: Value) -> String {
    match value {
        Value::I32(bits) => format!("(i32.const {bits:#x})"),
        Value::I64(bits) => format!("(i64.const {bits:#x})"),
        Value::F32(bits) => format!("(f32.const {}) (; {bits:#x} ;)", f32::from_bits(bits)),
        Value::F64(bits) => format!("(f64.const {}) (; {bits:#x} ;)", f64::from_bits(bits)),
        Value::V128(bits) => {
            format!(
                "(v128.const i64x2 {:#x} {:#x})",
                bits as u64,
                (bits >> 64) as u64
            )
        }
        Value::NullFunc => "(ref.null func)".into(),
        Value::Extern(None) => "(ref.null extern)".into(),
        Value::Extern(Some(number)) => format!("(ref.extern {number})"),
    }
}

fn quoted(name: &str) -> String {
    let mut text = String::from('"');
    for byte in name.bytes() {
        match byte {
            b' '..=b'~' if byte != b'"' && byte != b'\\' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\{byte:02x}");
            }
        }
    }
    text.push('"');
    text
}
