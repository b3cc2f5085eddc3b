//! The machine code of what matters for speed, as text: `golden/NAME.wat` and, beside it,
//! `NAME.x86_64.s` and `NAME.aarch64.s`.
//!
//! Every exported function is compiled, as a program of commands would need it; what surrounds
//! the functions is left out. `;; bounds-checks` at the top of a module asks for explicit checks,
//! `;; fuel` for a count of instructions, `;; emit: clif` for the code generator's input rather than
//! its output.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use object::{Object as _, ObjectSection as _};
use wasmc_compiler::features::{Features, PROPOSALS};
use wasmc_compiler::{
    Arch, Command, Emit, Error, InstanceSpec, Options, Target, compile_program, validate,
};
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

/// What a module does not need must not change its code: all that wasmc has is on, and all that the
/// module can do without is off.
#[test]
fn features_that_are_not_used_change_nothing() {
    let mut failures = Vec::new();
    for path in expected::inputs("golden", "wat") {
        let text = fs::read_to_string(&path).expect("modules can be read");
        let module = wat::parse_str(&text).expect("the text is a module");
        let mut least = Features::complete();
        for proposal in PROPOSALS.iter().rev() {
            let mut less = least;
            less.set(proposal.name, false)
                .expect("proposals can be turned off");
            if validate(&module, less).is_ok() {
                least = less;
            }
        }
        let code = |features| {
            let options = Options {
                features,
                emit: Emit::Obj,
                ..Options::default()
            };
            contents(&compile_exports(&module, &options).expect("it compiles"))
        };
        if code(least) != code(Features::complete()) {
            failures.push(path.display().to_string());
        }
    }
    assert!(failures.is_empty(), "these differ: {failures:#?}");
}

/// What is in an object's sections, but for the note that says with which features it was made.
fn contents(object: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let object = object::File::parse(object).expect("it is an object");
    let sections = object.sections().map(|section| {
        let name = section.name().expect("a section has a name");
        (
            name.to_owned(),
            section.data().expect("it has contents").to_vec(),
        )
    });
    let contents: BTreeMap<_, _> = sections.filter(|(name, _)| name != ".note.wasmc").collect();
    assert!(!contents[".text.wasmc"].is_empty(), "there is code");
    contents
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
    let code = compile_exports(&module, &options).map_err(|error| error.to_string())?;
    let text = String::from_utf8(code).map_err(|error| error.to_string())?;
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

/// What a module is compiled to, with every exported function.
fn compile_exports(module: &[u8], options: &Options) -> Result<Vec<u8>, Error> {
    let instance = InstanceSpec {
        name: String::new(),
        module,
        imports: HashMap::new(),
    };
    let commands: Vec<_> = exported_functions(module)
        .map(|export| Command::Invoke {
            instance: 0,
            export,
            args: Vec::new(),
        })
        .collect();
    let artifact = compile_program(&[instance], Some(&commands), options)?;
    Ok(artifact.bytes)
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
