//! The machine code of what matters for speed, as text: `golden/NAME.wat` and, beside it,
//! `NAME.x86_64.s` and `NAME.aarch64.s`.
//!
//! Every exported function is compiled, as a program of commands would need it; what surrounds
//! the functions is left out. Lines at the top of a module say more:
//!
//! ```text
//! ;; shows: a, b                   what it is an example of: rows of `ROWS`
//! ;; emit: clif                    the code generator's input rather than its output
//! ;; emit: obj                     where functions begin, and what code refers to
//! ;; bounds-checks                 explicit checks
//! ;; fuel                          count instructions
//! ;; cpu: oldest                   for the oldest processors of the target
//! ;; backend: own                  by the back end of our own; for x86-64 only
//! ;; branch-protection: standard   landing pads and signed return addresses; for aarch64 only
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use object::read::elf::ElfFile64;
use object::{
    Architecture, Endianness, Object as _, ObjectSection as _, ObjectSymbol as _, RelocationFlags,
    RelocationTarget, elf,
};
use wasmc_compiler::features::{Features, PROPOSALS};
use wasmc_compiler::testing::{Command, compile_driver};
use wasmc_compiler::{
    Arch, Backend, BranchProtection, Cpu, Emit, Error, InstanceSpec, Options, Target, validate,
};
use wasmc_tests::expected;
use wasmparser::{ExternalKind, Parser, Payload};

/// What machine code must show, an example of each at least: how code is generated, then what for.
const ROWS: &[(&str, &str)] = &[
    (
        "position independence",
        "every reference is relative to its own place, without a table of addresses",
    ),
    (
        "imports",
        "a function of the runtime is called as directly as one of the module",
    ),
    (
        "library functions",
        "what the processor lacks is a function of the runtime",
    ),
    (
        "stack probes",
        "a frame of more than a page is touched page by page",
    ),
    (
        "memory base",
        "the hottest memory is at a low constant address",
    ),
    (
        "addresses",
        "base and offset belong to the instruction, as far as they may",
    ),
    (
        "load sinking",
        "a load is merged into an instruction that reads as many bytes, and no other",
    ),
    (
        "further memories",
        "another memory has a constant base of its own",
    ),
    ("bounds checks", "explicit checks, byte-exact"),
    (
        "calling convention",
        "more registers for results; tail calls leave no frame",
    ),
    ("frame pointers", "every frame is linked to its caller's"),
    (
        "exceptions",
        "nothing is saved or tested where nothing is thrown, but for registers of the caller",
    ),
    (
        "alias regions",
        "one for each entity: what is known of it stays known when another is written",
    ),
    ("alignment", "functions begin at multiples of 32 bytes"),
    (
        "threads",
        "what each thread has of its own is reached through a register",
    ),
    (
        "traps",
        "one instruction out of the way, or the one that does the work",
    ),
    ("branch hints", "what is unlikely is cold"),
    (
        "fuel",
        "instructions are counted as a register, and stored where others may look",
    ),
    (
        "branch protection",
        "landing pads and signed return addresses",
    ),
    (
        "own back end",
        "what it makes of the code generator's input, before it is bytes",
    ),
    (
        "thunks",
        "a function of the runtime that is a funcref has the guest's convention",
    ),
];

/// Files of the translation that translate no group of instructions; every other file is a row, too.
const NO_GROUPS: &[&str] = &["env", "frame", "mod", "operands", "operators", "stack"];

/// All rows: [`ROWS`] and the groups of instructions.
fn rows() -> Vec<String> {
    let folder = expected::repository().join("compiler/src/translate");
    let groups = fs::read_dir(folder)
        .expect("the folder of the translation can be read")
        .map(|entry| entry.expect("the folder can be read").path())
        .map(|path| {
            path.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| !NO_GROUPS.contains(&name.as_str()));
    let rows = ROWS.iter().map(|&(name, _)| name.to_owned());
    rows.chain(groups).collect()
}

/// What the lines at the top of a module say: the text behind each that begins with `;; KEY`.
fn header<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let mut lines = text.lines().map_while(|line| line.strip_prefix(";; "));
    lines.find_map(|line| line.strip_prefix(key))
}

#[test]
fn every_row_has_an_example() {
    let rows = rows();
    let mut shown = BTreeSet::new();
    let mut problems = String::new();
    for path in expected::inputs("golden", "wat") {
        let text = fs::read_to_string(&path).expect("modules can be read");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(list) = header(&text, "shows: ") else {
            let _ = writeln!(problems, "  {name} does not say what it shows");
            continue;
        };
        for row in list.split(", ") {
            if !rows.iter().any(|other| other == row) {
                let _ = writeln!(problems, "  {name} shows `{row}`, which is no row");
            }
            shown.insert(row.to_owned());
        }
    }
    for row in rows.iter().filter(|row| !shown.contains(*row)) {
        let _ = writeln!(problems, "  nothing in `tests/golden` shows `{row}`");
    }
    assert!(problems.is_empty(), "\n{problems}");
}

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
            let options = Options::default().features(features).emit(Emit::Obj);
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
    let lines = text.lines().map_while(|line| line.strip_prefix(";; "));
    let has = |line: &str| lines.clone().any(|other| other == line);
    let (emit, kind) = match header(&text, "emit: ") {
        None => (Emit::Asm, "s"),
        Some("clif") => (Emit::Clif, "clif"),
        Some("obj") => (Emit::Obj, "layout"),
        Some(other) => return Err(format!("`{other}` cannot be emitted")),
    };
    let branch_protection = match header(&text, "branch-protection: ") {
        None => BranchProtection::None,
        Some(_) if arch == Arch::X86_64 => return Ok(()),
        Some(_) => BranchProtection::Standard,
    };
    let backend = match header(&text, "backend: ") {
        None => Backend::Cranelift,
        Some(_) if arch == Arch::Aarch64 => return Ok(()),
        Some(_) => Backend::OWN,
    };
    let oldest = match arch {
        Arch::X86_64 => Cpu::X86_64,
        _ => Cpu::Generic,
    };
    let options = Options::default()
        .emit(emit)
        .target(match has("cpu: oldest") {
            true => Target::with_cpu(arch, oldest)?,
            false => Target::new(arch),
        })
        .bounds_checks(has("bounds-checks"))
        .backend(backend)
        .fuel(has("fuel"))
        .branch_protection(branch_protection)
        .features(Features::complete());
    let module = wat::parse_str(&text).map_err(|error| error.to_string())?;
    let code = compile_exports(&module, &options).map_err(|error| error.to_string())?;
    let text = match emit {
        Emit::Obj => layout(&code),
        _ => {
            let text = String::from_utf8(code).map_err(|error| error.to_string())?;
            let parts = text.split_inclusive("\n\n");
            parts
                .filter(|part| !part.starts_with(";; trampoline"))
                .collect()
        }
    };
    let name = match arch {
        Arch::X86_64 => "x86_64",
        _ => "aarch64",
    };
    expected::check(
        &path.with_extension(format!("{name}.{kind}")),
        text.as_bytes(),
    )
}

/// Where functions begin, and what their code refers to: a section, or a function of the runtime.
fn layout(object: &[u8]) -> String {
    let file = ElfFile64::<Endianness>::parse(object).expect("it is an object");
    let code = file.section_by_name(".text.wasmc").expect("there is code");
    let mut functions: Vec<_> = file
        .symbols()
        .filter(|symbol| symbol.section_index() == Some(code.index()) && symbol.size() > 0)
        .map(|symbol| {
            (
                symbol.address(),
                symbol.size(),
                symbol.name().expect("it has a name"),
            )
        })
        .filter(|(_, _, name)| !name.starts_with("trampoline"))
        .collect();
    functions.sort_unstable();
    let mut text = format!("alignment {}\n", code.align());
    for (start, size, name) in functions {
        let _ = writeln!(text, "\n{name}: at {start:#x}, {size} bytes");
        let relocations = code
            .relocations()
            .filter(|(at, _)| (start..start + size).contains(at));
        for (at, relocation) in relocations {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                unreachable!("the object is an ELF file");
            };
            let RelocationTarget::Symbol(symbol) = relocation.target() else {
                unreachable!("relocations have symbols");
            };
            let symbol = file.symbol_by_index(symbol).expect("the symbol is there");
            let section = symbol
                .section_index()
                .and_then(|index| file.section_by_index(index).ok());
            let target = match &section {
                Some(section) => section.name(),
                None => symbol.name(),
            };
            let target = target.expect("it has a name");
            let _ = writeln!(
                text,
                "  +{:#x}: {} {target}",
                at - start,
                kind_of(file.architecture(), r_type)
            );
        }
    }
    text
}

/// The name of a kind of relocation.
fn kind_of(architecture: Architecture, r_type: u32) -> &'static str {
    match (architecture, r_type) {
        (Architecture::X86_64, elf::R_X86_64_PC32) => "PC32",
        (Architecture::X86_64, elf::R_X86_64_PLT32) => "PLT32",
        (Architecture::Aarch64, elf::R_AARCH64_CALL26) => "CALL26",
        (Architecture::Aarch64, elf::R_AARCH64_ADR_PREL_PG_HI21) => "ADR_PREL_PG_HI21",
        (Architecture::Aarch64, elf::R_AARCH64_ADD_ABS_LO12_NC) => "ADD_ABS_LO12_NC",
        _ => "ANOTHER",
    }
}

/// What a module is compiled to, with every exported function.
fn compile_exports(module: &[u8], options: &Options) -> Result<Vec<u8>, Error> {
    let instance = InstanceSpec::new("", module);
    let commands: Vec<_> = exported_functions(module)
        .map(|export| Command::Invoke {
            instance: 0,
            export,
            args: Vec::new(),
        })
        .collect();
    let artifact = compile_driver(&[instance], &commands, options)?;
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
