//! Processors: one row per target, CPU levels, and the flags of Cranelift's ISA.

use std::str::FromStr;
use std::sync::Arc;

use cranelift_codegen::isa::{self, TargetIsa};
use cranelift_codegen::settings::{self, Configurable, Flags};
use wasmc_abi::cpu::{aarch64, x86_64 as features};
use wasmc_abi::layout;

use crate::options::{BranchProtection, OptLevel, Options};

/// A processor architecture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arch {
    /// x86-64.
    X86_64,
    /// AArch64.
    Aarch64,
}

/// One row per target.
#[derive(Debug)]
pub struct TargetRow {
    /// The architecture.
    pub arch: Arch,
    /// The name that wasmc prints.
    pub name: &'static str,
    /// Cranelift's triple.
    pub triple: &'static str,
    /// Other names that `--target` accepts.
    pub aliases: &'static [&'static str],
    /// Address of the memory in slot 0.
    pub slot0: u64,
    /// The linker's emulation.
    pub linker_emulation: &'static str,
    /// The CPU levels that `--cpu` accepts, the default first.
    pub cpus: &'static [Cpu],
}

/// Every target.
pub const TARGETS: &[TargetRow] = &[
    TargetRow {
        arch: Arch::X86_64,
        name: "x86_64-linux",
        triple: "x86_64-unknown-linux-gnu",
        aliases: &[
            "x86_64",
            "x86-64",
            "amd64",
            "linux/amd64",
            "x86_64-linux-gnu",
            "x86_64-linux-musl",
            "x86_64-unknown-linux-gnu",
            "x86_64-unknown-linux-musl",
            "x86_64-unknown-linux",
        ],
        slot0: layout::SLOT0_X86_64,
        linker_emulation: "elf_x86_64",
        cpus: &[
            Cpu::X86_64V2,
            Cpu::X86_64,
            Cpu::X86_64V3,
            Cpu::X86_64V4,
            Cpu::Native,
        ],
    },
    TargetRow {
        arch: Arch::Aarch64,
        name: "aarch64-linux",
        triple: "aarch64-unknown-linux-gnu",
        aliases: &[
            "aarch64",
            "arm64",
            "arm64-linux",
            "linux/arm64",
            "linux/arm64/v8",
            "aarch64-linux-gnu",
            "aarch64-linux-musl",
            "aarch64-unknown-linux-gnu",
            "aarch64-unknown-linux-musl",
            "aarch64-unknown-linux",
        ],
        slot0: layout::SLOT0_AARCH64,
        linker_emulation: "aarch64linux",
        cpus: &[Cpu::Generic, Cpu::Armv8_1, Cpu::Armv8_3, Cpu::Native],
    },
];

impl Arch {
    /// The architecture's row.
    pub fn row(self) -> &'static TargetRow {
        match self {
            Arch::X86_64 => &TARGETS[0],
            Arch::Aarch64 => &TARGETS[1],
        }
    }

    /// The architecture of this machine, if wasmc knows it.
    pub fn host() -> Option<Arch> {
        if cfg!(target_arch = "x86_64") {
            Some(Arch::X86_64)
        } else if cfg!(target_arch = "aarch64") {
            Some(Arch::Aarch64)
        } else {
            None
        }
    }
}

impl FromStr for Arch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_lowercase();
        TARGETS
            .iter()
            .find(|row| row.name == text || row.aliases.contains(&text.as_str()))
            .map(|row| row.arch)
            .ok_or_else(|| format!("no target is named `{text}`"))
    }
}

/// A CPU level: what the executable may require of the machine it runs on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names are those of the psABI levels")]
pub enum Cpu {
    X86_64,
    X86_64V2,
    X86_64V3,
    X86_64V4,
    /// ARMv8.0.
    Generic,
    /// ARMv8.1: with atomic instructions (LSE).
    Armv8_1,
    /// ARMv8.3: with pointer authentication.
    Armv8_3,
    /// Whatever this machine has.
    Native,
}

impl Cpu {
    /// The name that `--cpu` takes.
    pub fn name(self) -> &'static str {
        match self {
            Cpu::X86_64 => "x86-64",
            Cpu::X86_64V2 => "x86-64-v2",
            Cpu::X86_64V3 => "x86-64-v3",
            Cpu::X86_64V4 => "x86-64-v4",
            Cpu::Generic => "generic",
            Cpu::Armv8_1 => "armv8.1-a",
            Cpu::Armv8_3 => "armv8.3-a",
            Cpu::Native => "native",
        }
    }
}

impl FromStr for Cpu {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        TARGETS
            .iter()
            .flat_map(|row| row.cpus)
            .find(|cpu| cpu.name() == text)
            .copied()
            .ok_or_else(|| format!("no CPU level is named `{text}`"))
    }
}

/// A processor to compile for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    /// The architecture.
    pub arch: Arch,
    /// The CPU level.
    pub cpu: Cpu,
}

impl Target {
    /// The default CPU level of an architecture.
    pub fn new(arch: Arch) -> Target {
        Target {
            arch,
            cpu: arch.row().cpus[0],
        }
    }

    /// This machine's architecture at its default CPU level; x86-64 on machines that wasmc does
    /// not compile for.
    pub fn host() -> Target {
        Target::new(Arch::host().unwrap_or(Arch::X86_64))
    }

    /// A target, if the architecture has the level and `native` is this machine.
    pub fn with_cpu(arch: Arch, cpu: Cpu) -> Result<Target, String> {
        let row = arch.row();
        if !row.cpus.contains(&cpu) {
            let levels: Vec<_> = row.cpus.iter().map(|cpu| cpu.name()).collect();
            return Err(format!(
                "`{}` is no CPU level of {}; it has {}",
                cpu.name(),
                row.name,
                levels.join(", ")
            ));
        }
        if cpu == Cpu::Native && Arch::host() != Some(arch) {
            return Err(format!(
                "`native` is this machine, which is not {}",
                row.name
            ));
        }
        Ok(Target { arch, cpu })
    }
}

/// A feature of a processor: Cranelift's flag, the first level that has it, and the bit that the
/// runtime checks at start.
struct Feature {
    flag: &'static str,
    level: u8,
    bit: u32,
}

/// The level of features that only `native` may turn on.
const NATIVE_ONLY: u8 = 9;

#[rustfmt::skip]
const AARCH64_FEATURES: &[Feature] = &[
    Feature { flag: "has_lse",   level: 2,           bit: aarch64::LSE },
    Feature { flag: "has_fp16",  level: NATIVE_ONLY, bit: aarch64::FP16 },
    Feature { flag: "has_pauth", level: 3,           bit: aarch64::PAUTH },
];

#[rustfmt::skip]
const X86_FEATURES: &[Feature] = &[
    Feature { flag: "has_sse3",         level: 2, bit: features::SSE3 },
    Feature { flag: "has_ssse3",        level: 2, bit: features::SSSE3 },
    Feature { flag: "has_sse41",        level: 2, bit: features::SSE41 },
    Feature { flag: "has_sse42",        level: 2, bit: features::SSE42 },
    Feature { flag: "has_popcnt",       level: 2, bit: features::POPCNT },
    Feature { flag: "has_cmpxchg16b",   level: 2, bit: features::CMPXCHG16B },
    Feature { flag: "has_avx",          level: 3, bit: features::AVX },
    Feature { flag: "has_avx2",         level: 3, bit: features::AVX2 },
    Feature { flag: "has_bmi1",         level: 3, bit: features::BMI1 },
    Feature { flag: "has_bmi2",         level: 3, bit: features::BMI2 },
    Feature { flag: "has_lzcnt",        level: 3, bit: features::LZCNT },
    Feature { flag: "has_fma",          level: 3, bit: features::FMA },
    Feature { flag: "has_avx512f",      level: 4, bit: features::AVX512F },
    Feature { flag: "has_avx512vl",     level: 4, bit: features::AVX512VL },
    Feature { flag: "has_avx512dq",     level: 4, bit: features::AVX512DQ },
    Feature { flag: "has_avx512bitalg", level: 5, bit: features::AVX512BITALG },
    Feature { flag: "has_avx512vbmi",   level: 5, bit: features::AVX512VBMI },
];

/// What code is generated for.
pub(crate) struct CodeTarget {
    /// With the optimisations that the options ask for.
    pub isa: Arc<dyn TargetIsa>,
    /// Without any: for functions on which the optimiser would take more than linear time.
    pub unoptimised: Arc<dyn TargetIsa>,
    /// CPU features that the program must check at start.
    pub required_cpu: u32,
    /// What every function begins with.
    pub landing_pad: &'static [u8],
}

/// `bti jc`. Cranelift's own landing pads, where it makes any, do not do for tail calls, which are
/// jumps, nor does a signed return address's instruction under the `Tail` convention.
const LANDING_PAD: &[u8] = &0xd503_24dfu32.to_le_bytes();

/// Cranelift's view of the options. In a program that starts threads a register is set aside for
/// the address of the thread's block.
pub(crate) fn code_target(options: &Options, threads: bool) -> Result<CodeTarget, String> {
    let Target { arch, cpu } = options.target;
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut builder = match cpu {
        Cpu::Native => cranelift_native::builder().map_err(str::to_owned)?,
        _ => isa::lookup_by_name(arch.row().triple).map_err(|error| text(&error))?,
    };
    let level = match cpu {
        Cpu::X86_64 | Cpu::Generic => 1,
        Cpu::X86_64V2 | Cpu::Armv8_1 => 2,
        Cpu::X86_64V3 | Cpu::Armv8_3 => 3,
        Cpu::X86_64V4 => 4,
        Cpu::Native => 0,
    };
    let features = match arch {
        Arch::X86_64 => X86_FEATURES,
        Arch::Aarch64 => AARCH64_FEATURES,
    };
    if cpu != Cpu::Native {
        for feature in features {
            let value = if feature.level <= level {
                "true"
            } else {
                "false"
            };
            builder
                .set(feature.flag, value)
                .map_err(|error| text(&error))?;
        }
    }
    let protection = options.branch_protection;
    if protection != BranchProtection::None {
        if arch != Arch::Aarch64 {
            return Err(format!(
                "`{}` protects branches of aarch64 only",
                protection.name()
            ));
        }
        let mut set = |flag, value| builder.set(flag, if value { "true" } else { "false" });
        set("sign_return_address", protection.signs()).map_err(|error| text(&error))?;
        set("use_bti", protection.guards()).map_err(|error| text(&error))?;
    }
    let finish = |opt_level| {
        let flags = shared_flags(options, opt_level, threads);
        builder.finish(flags).map_err(|error| text(&error))
    };
    let isa = finish(options.opt_level)?;
    let enabled: Vec<_> = isa
        .isa_flags()
        .into_iter()
        .filter(|value| value.as_bool() == Some(true))
        .map(|value| value.name)
        .collect();
    let required_cpu = features
        .iter()
        .filter(|feature| enabled.contains(&feature.flag))
        .fold(0, |bits, feature| bits | feature.bit);
    Ok(CodeTarget {
        isa,
        unoptimised: finish(OptLevel::None)?,
        required_cpu,
        landing_pad: match protection.guards() {
            true => LANDING_PAD,
            false => &[],
        },
    })
}

/// The flags that do not depend on the processor (`docs/rationale.md` has the reasons).
fn shared_flags(options: &Options, opt_level: OptLevel, threads: bool) -> Flags {
    let mut builder = settings::builder();
    let mut set = |name: &str, value: &str| {
        builder
            .set(name, value)
            .unwrap_or_else(|error| panic!("cranelift has no setting {name}={value}: {error}"));
    };
    set(
        "opt_level",
        match opt_level {
            OptLevel::None => "none",
            OptLevel::Size => "speed_and_size",
            OptLevel::Speed => "speed",
        },
    );
    set("is_pic", "false");
    set("use_colocated_libcalls", "true");
    set("enable_probestack", "true");
    set("probestack_strategy", "inline");
    set("preserve_frame_pointers", "true");
    set("unwind_info", "false");
    set("enable_pinned_reg", if threads { "true" } else { "false" });
    set(
        "enable_verifier",
        if options.verify_ir { "true" } else { "false" },
    );
    // More results than return registers go through an area that the caller makes.
    set("enable_multi_ret_implicit_sret", "true");
    set("libcall_call_conv", "system_v");
    set("enable_heap_access_spectre_mitigation", "false");
    set("enable_table_access_spectre_mitigation", "true");
    let alignment = options.log2_function_alignment.to_string();
    set("log2_min_function_alignment", &alignment);
    Flags::new(builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_the_names_that_people_write() {
        let x86 = [
            "x86_64-linux",
            "x86_64",
            "x86-64",
            "amd64",
            "linux/amd64",
            "x86_64-linux-gnu",
            "x86_64-linux-musl",
            "x86_64-unknown-linux-gnu",
            "x86_64-unknown-linux-musl",
            "X86_64-Linux",
        ];
        let aarch64 = [
            "aarch64-linux",
            "aarch64",
            "arm64",
            "arm64-linux",
            "linux/arm64",
            "linux/arm64/v8",
            "aarch64-linux-gnu",
            "aarch64-linux-musl",
            "aarch64-unknown-linux-gnu",
            "aarch64-unknown-linux-musl",
        ];
        for name in x86 {
            assert_eq!(Arch::from_str(name), Ok(Arch::X86_64), "{name}");
        }
        for name in aarch64 {
            assert_eq!(Arch::from_str(name), Ok(Arch::Aarch64), "{name}");
        }
        for name in [
            "",
            "arm",
            "armv7",
            "linux/arm",
            "aarch64-apple-darwin",
            "i686",
        ] {
            assert!(Arch::from_str(name).is_err(), "{name}");
        }
    }

    #[test]
    fn no_name_means_two_targets() {
        let mut names: Vec<_> = TARGETS
            .iter()
            .flat_map(|row| row.aliases.iter().chain([&row.name]))
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
