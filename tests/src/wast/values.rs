//! Arguments as bits, and results against the patterns of a script.

use std::fmt::Write as _;

use wasmc_abi::layout;
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};

/// The bits of an argument, zero-extended.
pub(super) fn argument(value: &WastArgCore<'_>) -> u128 {
    match value {
        WastArgCore::I32(value) => u128::from(*value as u32),
        WastArgCore::I64(value) => u128::from(*value as u64),
        WastArgCore::F32(value) => u128::from(value.bits),
        WastArgCore::F64(value) => u128::from(value.bits),
        WastArgCore::V128(value) => u128::from_le_bytes(value.to_le_bytes()),
        WastArgCore::RefNull(_) => 0,
        WastArgCore::RefExtern(number) | WastArgCore::RefHost(number) => {
            u128::from(layout::externref(*number))
        }
    }
}

/// Whether a result is what the script expects.
pub(super) fn matches(expected: &WastRetCore<'_>, bits: u128) -> bool {
    match expected {
        WastRetCore::I32(value) => bits == u128::from(*value as u32),
        WastRetCore::I64(value) => bits == u128::from(*value as u64),
        WastRetCore::F32(pattern) => {
            u32::try_from(bits).is_ok_and(|bits| f32_matches(pattern, bits))
        }
        WastRetCore::F64(pattern) => {
            u64::try_from(bits).is_ok_and(|bits| f64_matches(pattern, bits))
        }
        WastRetCore::V128(pattern) => v128_matches(pattern, bits),
        WastRetCore::RefNull(_) => bits == 0,
        WastRetCore::RefExtern(Some(number)) | WastRetCore::RefHost(number) => {
            bits == u128::from(layout::externref(*number))
        }
        WastRetCore::RefExtern(None)
        | WastRetCore::RefFunc(_)
        | WastRetCore::RefAny
        | WastRetCore::RefEq
        | WastRetCore::RefArray
        | WastRetCore::RefStruct
        | WastRetCore::RefI31
        | WastRetCore::RefI31Shared => bits != 0,
        WastRetCore::Either(cases) => cases.iter().any(|case| matches(case, bits)),
    }
}

fn f32_matches(pattern: &NanPattern<wast::token::F32>, bits: u32) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn f64_matches(pattern: &NanPattern<wast::token::F64>, bits: u64) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & !(1 << 63) == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn v128_matches(pattern: &V128Pattern, bits: u128) -> bool {
    match pattern {
        V128Pattern::I8x16(lanes) => (0..)
            .zip(lanes)
            .all(|(n, &v)| lane(bits, n, 8) == v as u8 as u64),
        V128Pattern::I16x8(lanes) => (0..)
            .zip(lanes)
            .all(|(n, &v)| lane(bits, n, 16) == v as u16 as u64),
        V128Pattern::I32x4(lanes) => (0..)
            .zip(lanes)
            .all(|(n, &v)| lane(bits, n, 32) == v as u32 as u64),
        V128Pattern::I64x2(lanes) => (0..)
            .zip(lanes)
            .all(|(n, &v)| lane(bits, n, 64) == v as u64),
        V128Pattern::F32x4(lanes) => (0..)
            .zip(lanes)
            .all(|(n, v)| f32_matches(v, lane(bits, n, 32) as u32)),
        V128Pattern::F64x2(lanes) => (0..)
            .zip(lanes)
            .all(|(n, v)| f64_matches(v, lane(bits, n, 64))),
    }
}

/// Lane `n` of lanes of `width` bits.
fn lane(bits: u128, n: u32, width: u32) -> u64 {
    let mask = u64::MAX >> (64 - width);
    (bits >> (n * width)) as u64 & mask
}

/// The expected results, for messages.
pub(super) fn describe_patterns(patterns: &[WastRetCore<'_>]) -> String {
    list(patterns.iter().map(describe_pattern))
}

/// Results as bits, for messages.
pub(super) fn describe_bits(values: &[u128]) -> String {
    list(values.iter().map(|bits| format!("{bits:#x}")))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<_> = items.collect();
    match &items[..] {
        [] => "no results".into(),
        items => items.join(" "),
    }
}

fn describe_pattern(pattern: &WastRetCore<'_>) -> String {
    let float = |name: &str, nan: Option<&str>, bits: u64| match nan {
        Some(nan) => format!("{name} {nan}"),
        None => format!("{name} {bits:#x}"),
    };
    match pattern {
        WastRetCore::I32(value) => format!("i32 {:#x}", *value as u32),
        WastRetCore::I64(value) => format!("i64 {:#x}", *value as u64),
        WastRetCore::F32(pattern) => match pattern {
            NanPattern::Value(value) => float("f32", None, u64::from(value.bits)),
            nan => float("f32", Some(nan_name(nan)), 0),
        },
        WastRetCore::F64(pattern) => match pattern {
            NanPattern::Value(value) => float("f64", None, value.bits),
            nan => float("f64", Some(nan_name(nan)), 0),
        },
        WastRetCore::V128(pattern) => {
            let mut text = String::new();
            let _ = write!(text, "v128 {pattern:?}");
            text
        }
        WastRetCore::RefNull(_) => "a null reference".into(),
        WastRetCore::RefExtern(Some(number)) => {
            format!("externref {:#x}", layout::externref(*number))
        }
        WastRetCore::Either(cases) => {
            let cases: Vec<_> = cases.iter().map(describe_pattern).collect();
            format!("either {}", cases.join(" or "))
        }
        _ => "a non-null reference".into(),
    }
}

fn nan_name<T>(pattern: &NanPattern<T>) -> &'static str {
    match pattern {
        NanPattern::CanonicalNan => "nan:canonical",
        _ => "nan:arithmetic",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wast::token::F32;

    #[test]
    fn nan_patterns_look_at_the_payload_alone() {
        let canonical = NanPattern::<F32>::CanonicalNan;
        assert!(f32_matches(&canonical, 0x7fc0_0000));
        assert!(f32_matches(&canonical, 0xffc0_0000));
        assert!(!f32_matches(&canonical, 0x7fc0_0001));
        let arithmetic = NanPattern::<F32>::ArithmeticNan;
        assert!(f32_matches(&arithmetic, 0xffc0_0001));
        assert!(!f32_matches(&arithmetic, 0x7f80_0001));
        assert!(!f32_matches(&arithmetic, 0x7f80_0000));
    }

    #[test]
    fn results_are_compared_with_all_their_bits() {
        assert!(matches(&WastRetCore::I32(-1), 0xffff_ffff));
        assert!(!matches(&WastRetCore::I32(-1), u128::MAX));
        assert!(!matches(&WastRetCore::I32(0), 1 << 64));
        assert!(matches(
            &WastRetCore::RefExtern(Some(3)),
            u128::from(layout::externref(3))
        ));
        assert!(!matches(&WastRetCore::RefFunc(None), 0));
        let either = WastRetCore::Either(vec![WastRetCore::I32(1), WastRetCore::I32(2)]);
        assert!(matches(&either, 2));
        assert!(!matches(&either, 3));
    }

    #[test]
    fn lanes_are_compared_one_by_one() {
        let pattern = V128Pattern::I16x8([-1, 1, 0, 0, 0, 0, 0, 2]);
        let bits = 0x0002_0000_0000_0000_0000_0000_0001_ffff;
        assert!(v128_matches(&pattern, bits));
        assert!(!v128_matches(&pattern, bits ^ (1 << 127)));
    }
}
