//! Values of flags: targets, CPU levels, sizes.

use std::ffi::OsString;
use std::str::FromStr as _;

use wasmc_compiler::target::TARGETS;
use wasmc_compiler::{Arch, Cpu};

use super::suggest::did_you_mean;
use super::{ProfileFile, ProfileFormat};

/// The stack below which not even an empty program runs: the runtime's own headroom twice.
const MIN_STACK: u64 = 128 << 10;
/// Beyond this no reservation of address space succeeds anyway.
const MAX_STACK: u64 = 64 << 30;

pub(super) fn parse_arch(text: &str) -> Result<Arch, String> {
    let names = || TARGETS.iter().map(|row| row.name).collect::<Vec<_>>();
    Arch::from_str(text).map_err(|error| format!("{error}; there are {}", names().join(", ")))
}

pub(super) fn parse_cpu(text: &str) -> Result<Cpu, String> {
    Cpu::from_str(text).map_err(|error| {
        let mut names: Vec<_> = TARGETS
            .iter()
            .flat_map(|row| row.cpus)
            .map(|cpu| cpu.name())
            .collect();
        names.sort_unstable();
        names.dedup();
        let meant = did_you_mean(text, names.iter().copied());
        format!("{error}; there are {}{meant}", names.join(", "))
    })
}

/// A number of bytes: `65536`, `64KiB`, `1GiB`; `K`, `M`, `G`, `T` are short for the binary units.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        "t" | "tib" => 40,
        "kb" | "mb" | "gb" | "tb" => {
            let unit = &unit.trim().to_ascii_uppercase()[..1];
            return Err(format!(
                "sizes are in binary units: write `{number}{unit}iB`"
            ));
        }
        _ => return Err("expected a number of bytes, such as 65536, 64KiB, 16MiB or 1GiB".into()),
    };
    number
        .parse::<u64>()
        .map_err(|_| "expected a number of bytes, such as 65536, 64KiB, 16MiB or 1GiB")?
        .checked_mul(1 << shift)
        .ok_or_else(|| "the size does not fit 64 bits".to_owned())
}

pub(super) fn parse_stack_size(text: &str) -> Result<u64, String> {
    let size = parse_size(text)?;
    if !(MIN_STACK..=MAX_STACK).contains(&size) {
        return Err("a stack has between 128 KiB and 64 GiB".to_owned());
    }
    Ok(size)
}

/// A power of two from 16 to 4096: its logarithm.
pub(super) fn parse_alignment(text: &str) -> Result<u8, String> {
    (4..=12)
        .find(|&log2| text.parse() == Ok(1u32 << log2))
        .ok_or_else(|| "expected a power of two from 16 to 4096".to_owned())
}

/// An offset in a module, in hexadecimal, with or without `0x`.
pub(super) fn parse_offset(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16)
        .map_err(|_| "expected an offset in hexadecimal, such as 0x1a3".to_owned())
}

/// The value of `--profile`: a file whose name says which form it has.
pub(super) fn parse_profile(text: &str) -> Result<ProfileFile, String> {
    let format = [
        (".svg", ProfileFormat::FlameGraph),
        (".json", ProfileFormat::Firefox),
        (".pb.gz", ProfileFormat::Pprof),
        (".pprof", ProfileFormat::Pprof),
        (".folded", ProfileFormat::Folded),
    ];
    let found = format.into_iter().find(|(end, _)| text.ends_with(end));
    let (_, format) = found.ok_or(
        "the name's end says which form a profile has: .svg, .json, .pb.gz, .pprof or .folded",
    )?;
    Ok(ProfileFile {
        path: text.into(),
        format,
    })
}

/// The value of `--link`: a module that satisfies imports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The name that other modules import from.
    pub name: String,
    /// The module.
    pub module: OsString,
}

/// Parses `NAME=MODULE`.
pub fn parse_link(text: &str) -> Result<Link, String> {
    match text.split_once('=') {
        Some((name, module)) if !name.is_empty() && !module.is_empty() => Ok(Link {
            name: name.to_owned(),
            module: module.into(),
        }),
        _ => Err("the form is NAME=MODULE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(parse_size("65536"), Ok(65536));
        assert_eq!(parse_size("64KiB"), Ok(65536));
        assert_eq!(parse_size("64k"), Ok(65536));
        assert_eq!(parse_size("16 MiB"), Ok(16 << 20));
        assert_eq!(parse_size("4GiB"), Ok(4 << 30));
        let error = parse_size("1MB").unwrap_err();
        assert_eq!(error, "sizes are in binary units: write `1MiB`");
        for wrong in ["", "MiB", "1.5MiB", "-1", "1KB", "99999999999TiB", "0x10"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
