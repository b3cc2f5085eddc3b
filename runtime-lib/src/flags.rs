//! Sets of flags.

/// Defines a set of flags, each by the number of its bit.
macro_rules! flags {
    ($(#[$doc:meta])* $type:ident: $repr:ty { $($name:ident = $bit:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $type(pub $repr);

        #[allow(missing_docs, dead_code, reason = "the names are those of the specification")]
        impl $type {
            $(pub const $name: $type = $type(1 << $bit);)*
            /// Every flag.
            pub const ALL: $type = $type($(1 << $bit)|*);
            /// No flag.
            pub const NONE: $type = $type(0);

            /// Whether all of these flags are set.
            pub const fn contains(self, other: $type) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether one of these flags is set.
            pub const fn intersects(self, other: $type) -> bool {
                self.0 & other.0 != 0
            }

            /// The flags of both.
            pub const fn union(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }

            /// The flags, or `None` when a bit is set that has no meaning.
            pub const fn from_bits(bits: u32) -> Option<$type> {
                if bits & !(Self::ALL.0 as u32) != 0 {
                    return None;
                }
                Some($type(bits as $repr))
            }
        }

        impl core::ops::BitOr for $type {
            type Output = $type;
            fn bitor(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }
        }

        impl core::ops::BitAnd for $type {
            type Output = $type;
            fn bitand(self, other: $type) -> $type {
                $type(self.0 & other.0)
            }
        }

        impl core::ops::Not for $type {
            type Output = $type;
            fn not(self) -> $type {
                $type(!self.0 & Self::ALL.0)
            }
        }
    };
}
pub(crate) use flags;
