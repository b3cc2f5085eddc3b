//! `--invoke`: arguments of an exported function from the command line, its results to standard
//! output.

use super::prepare::{call_entry, prepare};
use crate::boot::process::Process;
use crate::output::{self, Stream, Writer};
use crate::sys::process;
use core::cell::UnsafeCell;
use core::fmt::Write;
use wasmc_abi::layout::{Program, value_type};

/// Most parameters or results of a function.
const MAX_VALUES: usize = 1000;

struct Values(UnsafeCell<[[u64; 2]; MAX_VALUES]>);

// SAFETY: only the main function uses it, on one thread.
unsafe impl Sync for Values {}

static VALUES: Values = Values(UnsafeCell::new([[0; 2]; MAX_VALUES]));

/// Main function of a program whose entry takes its arguments from the command line.
///
/// # Safety
/// The arguments must be those of [`crate::boot::start::start`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_main_invoke(program: &'static Program, stack: *const usize) -> ! {
    // SAFETY: as the caller vouches.
    let process = unsafe { Process::new(stack) };
    // SAFETY: the compiler has written these arrays.
    let (params, results) = unsafe { (program.entry.params.get(), program.entry.results.get()) };
    // SAFETY: nothing else uses the values.
    let values = unsafe { &mut *VALUES.0.get() };
    read_arguments(&process, params, values);
    prepare(program, &process);
    call_entry(&program.entry, values);
    let mut text = Writer::new(Stream::Output);
    for (&ty, &value) in results.iter().zip(values.iter()) {
        write_value(&mut text, ty, value);
        text.byte(b'\n');
    }
    if text.flush() {
        process::exit(0);
    }
    output::error()
        .text("cannot write the results to standard output")
        .exit()
}

/// Parses the arguments by the parameters' types, or ends the process.
fn read_arguments(process: &Process, params: &[u8], values: &mut [[u64; 2]]) {
    let args = process.args().skip(1);
    let given = process.args.len().saturating_sub(1);
    if given != params.len() {
        let mut line = output::error();
        line.text("the function takes ")
            .decimal(params.len() as u64);
        line.text(if params.len() == 1 {
            " argument"
        } else {
            " arguments"
        });
        for (at, &ty) in params.iter().enumerate() {
            line.text(if at == 0 { " (" } else { ", " })
                .text(type_name(ty));
        }
        line.text(if params.is_empty() {
            ", but "
        } else {
            "), but "
        });
        line.decimal(given as u64);
        line.text(if given == 1 {
            " was given"
        } else {
            " were given"
        })
        .exit();
    }
    for (at, ((&ty, arg), value)) in params.iter().zip(args).zip(values).enumerate() {
        match parse_value(ty, arg) {
            Ok(bits) => *value = [bits, 0],
            Err(why) => {
                let mut line = output::error();
                line.text("argument ")
                    .decimal(at as u64 + 1)
                    .text(", `")
                    .escaped(arg);
                line.text("`, is not of type ")
                    .text(type_name(ty))
                    .text(why)
                    .exit();
            }
        }
    }
}

/// The bits of a value in text, or what to add to the error message.
fn parse_value(ty: u8, text: &[u8]) -> Result<u64, &'static str> {
    let float = || core::str::from_utf8(text).map_err(|_| "");
    match ty {
        value_type::I32 => parse_integer(text, 32).map(|value| u64::from(value as u32)),
        value_type::I64 => parse_integer(text, 64),
        value_type::F32 => match float()?.parse::<f32>() {
            Ok(value) => Ok(u64::from(value.to_bits())),
            Err(_) => Err(""),
        },
        value_type::F64 => match float()?.parse::<f64>() {
            Ok(value) => Ok(value.to_bits()),
            Err(_) => Err(""),
        },
        _ => Err(", of which no value can be given on the command line"),
    }
}

/// An integer of that many bits, signed or unsigned, decimal or hexadecimal with `0x`.
fn parse_integer(text: &[u8], bits: u32) -> Result<u64, &'static str> {
    const OUT_OF_RANGE: &str = ": it is out of range";
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        _ => (10, digits),
    };
    if digits.is_empty() {
        return Err("");
    }
    let mut value = 0u64;
    for &digit in digits {
        let digit = char::from(digit).to_digit(base).ok_or("")?;
        value = value
            .checked_mul(u64::from(base))
            .and_then(|value| value.checked_add(u64::from(digit)))
            .ok_or(OUT_OF_RANGE)?;
    }
    let limit = if negative {
        1 << (bits - 1)
    } else {
        u64::MAX >> (64 - bits)
    };
    if value > limit {
        return Err(OUT_OF_RANGE);
    }
    Ok(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

/// A result as text: integers signed, floats in the shortest form that reads back the same.
fn write_value(text: &mut Writer, ty: u8, [low, high]: [u64; 2]) {
    match ty {
        value_type::I32 => {
            text.signed(i64::from(low as i32));
        }
        value_type::I64 => {
            text.signed(low as i64);
        }
        value_type::F32 => {
            let _ = write!(text, "{}", f32::from_bits(low as u32));
        }
        value_type::F64 => {
            let _ = write!(text, "{}", f64::from_bits(low));
        }
        value_type::V128 => {
            text.text("0x").digits(high, 16, 16).digits(low, 16, 16);
        }
        value_type::FUNCREF | value_type::EXTERNREF => {
            text.text(if low == 0 { "null" } else { "ref" });
        }
        _ => {
            text.text("?");
        }
    }
}

fn type_name(ty: u8) -> &'static str {
    match ty {
        value_type::I32 => "i32",
        value_type::I64 => "i64",
        value_type::F32 => "f32",
        value_type::F64 => "f64",
        value_type::V128 => "v128",
        value_type::FUNCREF => "funcref",
        value_type::EXTERNREF => "externref",
        _ => "a reference",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_integers() {
        assert_eq!(parse_integer(b"0", 32), Ok(0));
        assert_eq!(parse_integer(b"-1", 32), Ok(u64::MAX));
        assert_eq!(parse_integer(b"4294967295", 32), Ok(0xffff_ffff));
        assert!(parse_integer(b"4294967296", 32).is_err());
        assert_eq!(
            parse_integer(b"-2147483648", 32),
            Ok((-2147483648i64) as u64)
        );
        assert!(parse_integer(b"-2147483649", 32).is_err());
        assert_eq!(parse_integer(b"0xFFFFffffFFFFffff", 64), Ok(u64::MAX));
        assert_eq!(parse_integer(b"-0x8000000000000000", 64), Ok(1 << 63));
        assert!(parse_integer(b"18446744073709551616", 64).is_err());
        for text in ["", "-", "0x", "1_000", "1.5", "ten", "0xg", "--1"] {
            assert!(parse_integer(text.as_bytes(), 64).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_values() {
        assert_eq!(parse_value(value_type::I32, b"-1"), Ok(0xffff_ffff));
        assert_eq!(parse_value(value_type::F32, b"1.5"), Ok(0x3fc0_0000));
        assert_eq!(
            parse_value(value_type::F64, b"-inf"),
            Ok(f64::NEG_INFINITY.to_bits())
        );
        assert!(
            parse_value(value_type::F64, b"nan").is_ok_and(|bits| f64::from_bits(bits).is_nan())
        );
        assert!(parse_value(value_type::F64, b"\xff").is_err());
        assert!(parse_value(value_type::V128, b"0").is_err());
    }
}
