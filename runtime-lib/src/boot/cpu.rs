//! Does the CPU have what the program was compiled for?

use crate::sys::auxiliary;
use crate::{arch, output};
use wasmc_abi::layout::Program;

/// Makes sure that the CPU has what the program was compiled for, or ends the process.
pub fn check(program: &Program) {
    if arch::use_features(program.required_cpu) != 0 {
        explain(program);
    }
}

/// Ends the process with a message if the CPU lacks what the program was compiled for.
#[inline(never)]
pub fn explain(program: &Program) {
    let missing = arch::missing_features(program.required_cpu, auxiliary::hardware_capabilities);
    if missing != 0 {
        missing_features(missing);
    }
}

#[cold]
#[inline(never)]
fn missing_features(missing: u32) -> ! {
    let mut line = output::error();
    line.text("this CPU lacks features that the program was compiled for:");
    for (bit, name) in FEATURE_NAMES.iter().enumerate() {
        if missing >> bit & 1 != 0 {
            line.byte(b' ');
            for &byte in name.iter().filter(|&&byte| byte != 0) {
                line.byte(byte);
            }
        }
    }
    line.exit()
}

/// The names of CPU features by the number of their bit, padded with NULs: without pointers, so
/// that the program needs no relocations at start.
static FEATURE_NAMES: [[u8; 16]; 32] = {
    let mut names = [[0; 16]; 32];
    let mut row = 0;
    while row < arch::FEATURES.len() {
        let (bit, name) = arch::FEATURES[row];
        let mut at = 0;
        while at < name.len() {
            names[bit.trailing_zeros() as usize][at] = name.as_bytes()[at];
            at += 1;
        }
        row += 1;
    }
    names
};
