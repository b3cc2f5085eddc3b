//! What the object's relocations are: relative to their own place, in code and in data.
//!
//! An absolute one would be work at every start and would make code depend on where it lies; one
//! through a table of addresses (GOT) would be a load for each use.

use std::fmt::Write as _;

use object::read::elf::ElfFile64;
use object::{Object as _, ObjectSection as _, RelocationFlags, elf};
use wasmc_compiler::{Arch, BranchProtection, Emit, Error, Options, Target, compile};
use wasmc_tests::expected;
use wasmc_tests::programs::{self, Program};

/// Relocations of code and of data.
fn allowed(arch: Arch) -> (&'static [u32], &'static [u32]) {
    match arch {
        Arch::X86_64 => (
            &[elf::R_X86_64_PC32, elf::R_X86_64_PLT32],
            &[elf::R_X86_64_PC32],
        ),
        _ => (
            &[
                elf::R_AARCH64_CALL26,
                elf::R_AARCH64_ADR_PREL_PG_HI21,
                elf::R_AARCH64_ADD_ABS_LO12_NC,
            ],
            &[elf::R_AARCH64_PREL32],
        ),
    }
}

/// The targets, and aarch64 with everything that can be added to its code.
fn targets() -> Vec<Options> {
    let aarch64 = Options::default().target(Target::new(Arch::Aarch64));
    let more = aarch64
        .clone()
        .branch_protection(BranchProtection::Standard)
        .branch_reach(Some(16 << 10))
        .fuel(true);
    let x86 = Options::default().target(Target::new(Arch::X86_64));
    vec![x86, aarch64, more]
}

#[test]
fn every_relocation_is_relative() {
    let mut failures = String::new();
    let mut in_code = 0;
    let all = programs::all().into_iter();
    for path in all.chain(expected::inputs("fuel", "wat")) {
        let program = Program::read(&path).expect("the program can be read");
        for base in targets() {
            let mut options = program.options(&base).expect("its options are right");
            options.emit = Emit::Obj;
            if programs::name(&path).starts_with("threads/") {
                // Instructions are counted of programs of one thread only.
                options.fuel = false;
            }
            let arch = options.target.arch;
            let artifact = compile(&program.module, &options).or_else(|error| {
                // Instructions of programs that start threads are not counted.
                assert!(
                    options.fuel && matches!(error, Error::Unsupported { .. }),
                    "{error}"
                );
                let options = options.fuel(false);
                compile(&program.module, &options)
            });
            let artifact = artifact.expect("the program compiles");
            let object: ElfFile64<'_> = ElfFile64::parse(&*artifact.bytes).expect("an object");
            let (code, data) = allowed(arch);
            for section in object.sections() {
                let name = section.name().expect("a section has a name");
                let allowed = if name == ".text.wasmc" { code } else { data };
                for (offset, relocation) in section.relocations() {
                    let RelocationFlags::Elf { r_type } = relocation.flags() else {
                        unreachable!("the object is an ELF file");
                    };
                    in_code += usize::from(name == ".text.wasmc");
                    if !allowed.contains(&r_type) {
                        let path = path.display();
                        let _ = writeln!(
                            failures,
                            "{path}, {arch:?}: {name}+{offset:#x} has relocation type {r_type}"
                        );
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert!(
        in_code > 100,
        "the programs refer to the runtime and to data"
    );
}
