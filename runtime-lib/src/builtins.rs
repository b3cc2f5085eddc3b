//! The functions that compiled code calls where the CPU has no instruction, and for bulk memory.
//!
//! `memory.grow` and the functions on tables are with memories and tables.

use crate::mem;

/// Copies `len` bytes; the ranges may overlap.
///
/// # Safety
/// Both ranges must lie in memories.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_memmove(dst: *mut u8, src: *const u8, len: usize) {
    // SAFETY: as the caller vouches.
    unsafe { mem::memmove(dst, src, len) };
}

/// Sets `len` bytes from `dst` to the low byte of `value`.
///
/// # Safety
/// The range must lie in a memory.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_memset(dst: *mut u8, value: i32, len: usize) {
    // SAFETY: as the caller vouches.
    unsafe { mem::memset(dst, value, len) };
}

/// Defines the rounding functions of a type, without instructions or functions that round: those
/// would be these again.
macro_rules! rounding {
    ($float:ident, $bits:ident, $ceil:ident, $floor:ident, $trunc:ident, $nearest:ident) => {
        /// Rounds towards positive infinity.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub extern "C" fn $ceil(x: $float) -> $float {
            let whole = $trunc(x);
            if whole < x { whole + 1.0 } else { whole }
        }

        /// Rounds towards negative infinity.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub extern "C" fn $floor(x: $float) -> $float {
            let whole = $trunc(x);
            if whole > x { whole - 1.0 } else { whole }
        }

        /// Rounds towards zero.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub extern "C" fn $trunc(x: $float) -> $float {
            const FRACTION_BITS: $bits = $float::MANTISSA_DIGITS as $bits - 1;
            const EXPONENT_BIAS: $bits = $float::MAX_EXP as $bits - 1;
            const SIGN: $bits = 1 << ($bits::BITS - 1);
            const QUIET: $bits = 1 << (FRACTION_BITS - 1);

            let bits = x.to_bits();
            let exponent = (bits & !SIGN) >> FRACTION_BITS;
            if exponent < EXPONENT_BIAS {
                return $float::from_bits(bits & SIGN);
            }
            if exponent >= EXPONENT_BIAS + FRACTION_BITS {
                // A whole number, an infinity or a NaN.
                let quiet = if x.is_nan() { QUIET } else { 0 };
                return $float::from_bits(bits | quiet);
            }
            let fraction = ((1 as $bits) << FRACTION_BITS) - 1;
            $float::from_bits(bits & !(fraction >> (exponent - EXPONENT_BIAS)))
        }

        /// Rounds to the nearest integer, ties to even.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub extern "C" fn $nearest(x: $float) -> $float {
            // Adding it leaves no bits for a fraction, and addition rounds to nearest, ties to even.
            const WHOLE: $float = ((1 as $bits) << ($float::MANTISSA_DIGITS - 1)) as $float;
            const SIGN: $bits = 1 << ($bits::BITS - 1);

            let sign = x.to_bits() & SIGN;
            let magnitude = $float::from_bits(x.to_bits() & !SIGN);
            if magnitude < WHOLE {
                let rounded = (magnitude + WHOLE) - WHOLE;
                return $float::from_bits(rounded.to_bits() | sign);
            }
            // Quiets a NaN, and changes nothing else.
            $trunc(x)
        }
    };
}

rounding!(
    f32,
    u32,
    wasmc_ceilf32,
    wasmc_floorf32,
    wasmc_truncf32,
    wasmc_nearestf32
);
rounding!(
    f64,
    u64,
    wasmc_ceilf64,
    wasmc_floorf64,
    wasmc_truncf64,
    wasmc_nearestf64
);

/// Fused multiply-add, correctly rounded.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn wasmc_fmaf32(x: f32, y: f32, z: f32) -> f32 {
    libm::fmaf(x, y, z)
}

/// Fused multiply-add, correctly rounded.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn wasmc_fmaf64(x: f64, y: f64, z: f64) -> f64 {
    libm::fma(x, y, z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmc_abi::builtins::Builtin;

    #[test]
    fn every_builtin_exists() {
        let sources = [
            include_str!("store/atomics.rs"),
            include_str!("builtins.rs"),
            include_str!("guest/exceptions.rs"),
            include_str!("store/heap/mod.rs"),
            include_str!("store/memory.rs"),
            include_str!("store/payloads.rs"),
            include_str!("store/table.rs"),
        ];
        for builtin in Builtin::ALL {
            let symbol = builtin.signature().symbol;
            let is_defined = sources.iter().any(|source| {
                let (code, _) = source.split_once("#[cfg(test)]").unwrap_or((source, ""));
                code.split(|c: char| c != '_' && !c.is_alphanumeric())
                    .any(|word| word == symbol)
            });
            assert!(is_defined, "{symbol} has no implementation");
        }
    }

    /// Numbers of every magnitude with fractions around the ties, both signs.
    fn samples() -> impl Iterator<Item = f64> {
        let mantissas = [
            0u64,
            1,
            1 << 51,
            (1 << 51) - 1,
            (1 << 51) + 1,
            (1 << 52) - 1,
            0x8_8888_8888_8888,
            0xf_ffff_e000_0000,
        ];
        let exponents = (0..0x800)
            .flat_map(move |exponent: u64| mantissas.map(|mantissa| exponent << 52 | mantissa));
        let halves = (0..2000).map(|half| (f64::from(half) * 0.5).to_bits());
        exponents
            .chain(halves)
            .flat_map(|bits| [f64::from_bits(bits), f64::from_bits(bits | 1 << 63)])
    }

    #[test]
    fn rounds_as_the_host_does() {
        fn check64(name: &str, x: f64, ours: f64, host: f64) {
            if x.is_nan() {
                assert_eq!(ours.to_bits(), x.to_bits() | 1 << 51, "{name}({x:e})");
            } else {
                assert_eq!(ours.to_bits(), host.to_bits(), "{name}({x:e})");
            }
        }
        fn check32(name: &str, x: f32, ours: f32, host: f32) {
            if x.is_nan() {
                assert_eq!(ours.to_bits(), x.to_bits() | 1 << 22, "{name}({x:e})");
            } else {
                assert_eq!(ours.to_bits(), host.to_bits(), "{name}({x:e})");
            }
        }
        for x in samples() {
            check64("ceil", x, wasmc_ceilf64(x), x.ceil());
            check64("floor", x, wasmc_floorf64(x), x.floor());
            check64("trunc", x, wasmc_truncf64(x), x.trunc());
            check64("nearest", x, wasmc_nearestf64(x), x.round_ties_even());
        }
        for bits in (0..=u32::MAX).step_by(977) {
            let x = f32::from_bits(bits);
            check32("ceil", x, wasmc_ceilf32(x), x.ceil());
            check32("floor", x, wasmc_floorf32(x), x.floor());
            check32("trunc", x, wasmc_truncf32(x), x.trunc());
            check32("nearest", x, wasmc_nearestf32(x), x.round_ties_even());
        }
    }

    #[test]
    fn multiplies_and_adds_with_one_rounding() {
        let values: Vec<f64> = samples().step_by(211).collect();
        for &x in &values {
            for &y in &values {
                for &z in &values {
                    let (ours, host) = (wasmc_fmaf64(x, y, z), x.mul_add(y, z));
                    assert!(ours.to_bits() == host.to_bits() || ours.is_nan() && host.is_nan());
                    let (x, y, z) = (x as f32, y as f32, z as f32);
                    let (ours, host) = (wasmc_fmaf32(x, y, z), x.mul_add(y, z));
                    assert!(ours.to_bits() == host.to_bits() || ours.is_nan() && host.is_nan());
                }
            }
        }
    }
}
