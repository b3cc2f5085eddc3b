//! A hash of names and numbers, computed when the crate is compiled.

/// FNV-1a of 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hash(u64);

impl Hash {
    /// Of nothing.
    pub const NEW: Hash = Hash(0xcbf2_9ce4_8422_2325);

    const fn byte(self, byte: u8) -> Hash {
        Hash((self.0 ^ byte as u64).wrapping_mul(0x100_0000_01b3))
    }

    /// With a name or type. Spaces do not count: the compilers of runtime and compiler may be of
    /// different versions, and print types differently.
    pub const fn name(mut self, name: &str) -> Hash {
        let name = name.as_bytes();
        let mut at = 0;
        while at < name.len() {
            if !name[at].is_ascii_whitespace() {
                self = self.byte(name[at]);
            }
            at += 1;
        }
        // No byte of a name.
        self.byte(0xff)
    }

    /// With a number.
    pub const fn number(mut self, number: u64) -> Hash {
        let bytes = number.to_le_bytes();
        let mut at = 0;
        while at < bytes.len() {
            self = self.byte(bytes[at]);
            at += 1;
        }
        self
    }

    /// With all that another hash is of.
    pub const fn and(self, other: Hash) -> Hash {
        self.number(other.0)
    }

    /// The hash in 32 bits.
    pub const fn folded(self) -> u32 {
        (self.0 ^ self.0 >> 32) as u32
    }
}
