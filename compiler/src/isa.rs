//! Cranelift's view of the options: the processor's features and the flags of code generation.

use std::sync::Arc;

use cranelift_codegen::isa::{self, TargetIsa};
use cranelift_codegen::settings::{self, Configurable, Flags};
use wasmc_abi::cpu::{aarch64, x86_64 as features};

use crate::options::{Backend, BranchProtection, OptLevel, Options};
use crate::target::{Arch, Cpu, Target};

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
    /// Who makes machine code of the optimised IR.
    pub backend: Backend,
}

/// `bti jc`. Cranelift's own landing pads, where it makes any, do not do for tail calls, which are
/// jumps, nor does a signed return address's instruction under the `Tail` convention.
const LANDING_PAD: &[u8] = &0xd503_24dfu32.to_le_bytes();

/// Cranelift's view of the options. In a program that starts threads a register is set aside for
/// the address of the thread's own area.
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
        backend: match options.opt_level {
            // Compiling fast is Cranelift's strength.
            OptLevel::None => Backend::Cranelift,
            _ => options.backend,
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
    set(
        "unwind_info",
        if options.unwind_tables {
            "true"
        } else {
            "false"
        },
    );
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
