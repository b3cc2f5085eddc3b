//! How does the runtime count and swap on an aarch64 that may be an ARMv8.0? By the functions that LLVM
//! calls for atomic operations.
//!
//! `core` is compiled with the target's feature `outline-atomics`: what has single instructions on later
//! processors lies in functions. Code without the feature takes in no code with it, so that turning it
//! off for the runtime alone keeps the arguments of every panic, and with them addresses that are
//! relocated at each start. These functions have the loops of ARMv8.0, in the strongest order, which is
//! right for every weaker one.
//!
//! The names are LLVM's and GCC's: operation, bytes, order. The arguments are the value (for `cas` the
//! expected one and the new one) and the pointer; the result is what the pointer referred to before.
//! Calls may change `x15` to `x17`.

use core::arch::global_asm;

/// A function under the names of all orders.
macro_rules! function {
    ($operation:literal, $bytes:literal, $($line:expr),* $(,)?) => {
        global_asm!(
            concat!(".pushsection .text.__aarch64_", $operation, $bytes, ",\"ax\",@progbits"),
            ".balign 4",
            concat!(
                ".irp order, relax, acq, rel, acq_rel\n",
                ".globl __aarch64_", $operation, $bytes, "_\\order\n",
                ".hidden __aarch64_", $operation, $bytes, "_\\order\n",
                ".type __aarch64_", $operation, $bytes, "_\\order, @function\n",
                "__aarch64_", $operation, $bytes, "_\\order:\n",
                ".endr",
            ),
            $($line,)*
            "ret",
            ".popsection",
        );
    };
}

/// The functions for a width: the suffix of its loads and stores, the name of its registers, and what
/// makes a comparable value of the expected one in register 0.
macro_rules! functions {
    ($bytes:literal, $suffix:literal, $r:literal, $extend:literal) => {
        function!(
            "cas", $bytes,
            $extend,
            concat!("2: ldaxr", $suffix, " ", $r, "0, [x2]"),
            concat!("cmp ", $r, "0, ", $r, "16"),
            "b.ne 3f",
            concat!("stlxr", $suffix, " w17, ", $r, "1, [x2]"),
            "cbnz w17, 2b",
            "3:",
        );
        functions!(@update "swp", $bytes, $suffix, $r, concat!("mov ", $r, "15, ", $r, "16"));
        functions!(@update "ldadd", $bytes, $suffix, $r,
            concat!("add ", $r, "15, ", $r, "0, ", $r, "16"));
        functions!(@update "ldclr", $bytes, $suffix, $r,
            concat!("bic ", $r, "15, ", $r, "0, ", $r, "16"));
        functions!(@update "ldeor", $bytes, $suffix, $r,
            concat!("eor ", $r, "15, ", $r, "0, ", $r, "16"));
        functions!(@update "ldset", $bytes, $suffix, $r,
            concat!("orr ", $r, "15, ", $r, "0, ", $r, "16"));
    };
    (@update $operation:literal, $bytes:literal, $suffix:literal, $r:literal, $compute:expr) => {
        function!(
            $operation, $bytes,
            concat!("mov ", $r, "16, ", $r, "0"),
            concat!("2: ldaxr", $suffix, " ", $r, "0, [x1]"),
            $compute,
            concat!("stlxr", $suffix, " w17, ", $r, "15, [x1]"),
            "cbnz w17, 2b",
        );
    };
}

functions!("1", "b", "w", "uxtb w16, w0");
functions!("2", "h", "w", "uxth w16, w0");
functions!("4", "", "w", "mov w16, w0");
functions!("8", "", "x", "mov x16, x0");
