//! CPU features that a program may require, checked once at start.

macro_rules! features {
    ($($name:ident = $bit:literal, $text:literal;)*) => {
        $(#[doc = concat!("`", $text, "`")] pub const $name: u32 = 1 << $bit;)*
        /// Every feature: its bit and its name.
        pub const ALL: &[(u32, &str)] = &[$(($name, $text)),*];
    };
}

/// x86-64 features: bits of [`Program::required_cpu`](crate::layout::Program::required_cpu).
pub mod x86_64 {
    features! {
        SSE3 = 0, "sse3";
        SSSE3 = 1, "ssse3";
        SSE41 = 2, "sse4.1";
        SSE42 = 3, "sse4.2";
        POPCNT = 4, "popcnt";
        CMPXCHG16B = 5, "cmpxchg16b";
        AVX = 6, "avx";
        AVX2 = 7, "avx2";
        BMI1 = 8, "bmi1";
        BMI2 = 9, "bmi2";
        LZCNT = 10, "lzcnt";
        FMA = 11, "fma";
        AVX512F = 12, "avx512f";
        AVX512VL = 13, "avx512vl";
        AVX512DQ = 14, "avx512dq";
        AVX512BITALG = 15, "avx512bitalg";
        AVX512VBMI = 16, "avx512vbmi";
    }
}

/// aarch64 features: bits of [`Program::required_cpu`](crate::layout::Program::required_cpu).
pub mod aarch64 {
    features! {
        LSE = 0, "lse";
        FP16 = 1, "fp16";
        PAUTH = 2, "pauth";
    }
}
