//! What the programs share: the repetition argument, a deterministic random source, a checksum.

/// The first argument as a number, or `otherwise`.
pub fn repetitions(otherwise: u32) -> u32 {
    match std::env::args().nth(1) {
        None => otherwise,
        Some(text) => text.parse().unwrap_or_else(|_| {
            eprintln!("usage: PROGRAM [REPETITIONS]");
            std::process::exit(2)
        }),
    }
}

/// A xorshift generator: the same sequence everywhere.
pub struct Random(pub u32);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }
}

/// FNV-1a over bytes, going on from `checksum`.
pub fn mix(checksum: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(checksum, |checksum, &byte| {
        (checksum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Where checksums begin.
pub const CHECKSUM: u64 = 0xcbf2_9ce4_8422_2325;
