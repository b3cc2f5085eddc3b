//! The machine code of what matters for speed, as text: `golden/NAME.wat` and, beside it,
//! `NAME.x86_64.s` and `NAME.aarch64.s`.
//!
//! Every exported function is compiled, as a program of commands would need it; what surrounds
//! the functions is left out. `;; bounds-checks` at the top of a module asks for explicit checks,
//! `;; fuel` for a count of instructions, `;; emit: clif` for the code generator's input rather than
//! its output.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use wasmc_compiler::{Arch, Command, Emit, InstanceSpec, Options, Target, compile_program};
use wasmc_tests::expected;
use wasmparser::{ExternalKind, Parser, Payload};

#[test]
fn machine_code_is_as_expected() {
    let mut failures = Vec::new();
    for path in expected::inputs("golden", "wat") {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            if let Err(text) = check(&path, arch) {
                failures.push(format!("{}: {text}", path.display()));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn check(path: &Path, arch: Arch) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let has = |line: &str| {
        text.lines()
            .take_while(|l| l.starts_with(";;"))
            .any(|l| l == line)
    };
    let clif = has(";; emit: clif");
    let options = Options {
        emit: if clif { Emit::Clif } else { Emit::Asm },
        target: Target::new(arch),
        bounds_checks: has(";; bounds-checks"),
        fuel: has(";; fuel"),
        ..Options::default()
    };
    let module = wat::parse_str(&text).map_err(|error| error.to_string())?;
    let instance = InstanceSpec {
        name: String::new(),
        module: &module,
        imports: HashMap::new(),
    };
    let commands: Vec<_> = exported_functions(&module)
        .map(|export| Command::Invoke {
            instance: 0,
            export,
            args: Vec::new(),
        })
        .collect();
    let artifact = compile_program(&[instance], Some(&commands), &options)
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8(artifact.bytes).map_err(|error| error.to_string())?;
    let parts = text.split_inclusive("\n\n");
    let text: String = parts
        .filter(|part| !part.starts_with(";; trampoline"))
        .collect();
    let name = match arch {
        Arch::X86_64 => "x86_64",
        Arch::Aarch64 => "aarch64",
    };
    let extension = format!("{name}.{}", if clif { "clif" } else { "s" });
    expected::check(&path.with_extension(extension), text.as_bytes())
}

fn exported_functions(module: &[u8]) -> impl Iterator<Item = String> {
    let exports = Parser::new(0)
        .parse_all(module)
        .filter_map(|payload| match payload {
            Ok(Payload::ExportSection(reader)) => Some(reader.into_iter().flatten()),
            _ => None,
        });
    exports
        .flatten()
        .filter(|export| export.kind == ExternalKind::Func)
        .map(|export| export.name.to_owned())
}
