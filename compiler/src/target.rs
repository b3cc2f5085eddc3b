//! Processors: one row per target, and CPU levels.

use std::str::FromStr;

use wasmc_abi::layout;

/// A processor architecture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Arch {
    /// x86-64.
    X86_64,
    /// AArch64.
    Aarch64,
}

/// One row per target.
#[derive(Debug)]
#[non_exhaustive]
pub struct TargetRow {
    /// The architecture.
    pub arch: Arch,
    /// The name that wasmc prints.
    pub name: &'static str,
    /// Cranelift's triple.
    pub triple: &'static str,
    /// Other names that `--target` accepts.
    pub aliases: &'static [&'static str],
    /// What container images call it.
    pub oci: &'static str,
    /// Address of the memory in slot 0.
    pub(crate) slot0: u64,
    /// The linker's emulation.
    pub(crate) linker_emulation: &'static str,
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
        oci: "amd64",
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
        oci: "arm64",
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
#[non_exhaustive]
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
#[non_exhaustive]
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
