//! How records of the image are defined: one definition gives the structure that the runtime reads,
//! what the compiler states to write it, and its part of the layout's hash.

/// Defines records, the enumerations and flags in them, and `HASH` over all of these.
///
/// ```text
/// records! {
///     /// A structure of the image.
///     #[derive(Clone, Copy, Debug)]
///     pub struct Landing from NewLanding {
///         /// Where it is.
///         pub code: RelPtr<Code>,
///         /// What kind it is of.
///         pub kind: Variant<LandingKind>,
///         /// Bits of `landing_flags`.
///         pub flags: u32,
///     }
///
///     /// Values of a field.
///     pub enum LandingKind {
///         /// The first.
///         Catch = 0,
///     }
///
///     /// Bits of a field.
///     pub flags landing_flags: u32 {
///         /// The first.
///         COLD = 1;
///     }
/// }
/// ```
///
/// A structure is `repr(C)` and must have no padding. With the feature `write` there is a second
/// structure with fields of the same names, which the first is written from: what the compiler
/// states for each ([`Field::Value`](crate::write::Field::Value)), so that one that is left out or
/// of another type does not compile. An enumeration is a [`Variant`](crate::variant::Variant) in the first and itself in the
/// second.
macro_rules! records {
    (@item [$($hash:tt)*] [$($names:ident)*]
        $(#[doc = $doc:literal])*
        $(#[derive($($derive:ident),*)])?
        pub struct $name:ident from $new:ident {
            $($(#[doc = $field_doc:literal])* pub $field:ident: $ty:ty,)*
        }
        $($rest:tt)*
    ) => {
        $(#[doc = $doc])*
        $(#[derive($($derive),*)])?
        #[repr(C)]
        pub struct $name {
            $($(#[doc = $field_doc])* pub $field: $ty,)*
        }

        const _: () = assert!(
            size_of::<$name>() == 0 $(+ size_of::<$ty>())*,
            concat!(stringify!($name), " has padding")
        );

        #[doc = concat!("What a [`", stringify!($name), "`] is written from.")]
        $(#[derive($($derive),*)])?
        #[cfg(any(test, feature = "write"))]
        pub struct $new {
            $(
                $(#[doc = $field_doc])*
                pub $field: <$ty as $crate::write::Field>::Value,
            )*
        }

        #[cfg(any(test, feature = "write"))]
        impl $crate::write::Field for $name {
            type Value = $new;

            fn put(value: $new, blob: &mut $crate::write::Blob, at: u64) {
                $(<$ty as $crate::write::Field>::put(
                    value.$field,
                    blob,
                    at + core::mem::offset_of!($name, $field) as u64,
                );)*
            }

            #[cfg(test)]
            fn sample(next: &mut u32) -> (Self, $new) {
                $(let $field = <$ty as $crate::write::Field>::sample(next);)*
                (
                    $name { $($field: $field.0,)* },
                    $new { $($field: $field.1,)* },
                )
            }
        }

        records! {
            @item
            [
                $($hash)*
                .name(stringify!($name))
                .number(size_of::<$name>() as u64)
                $(
                    .name(stringify!($field))
                    .name(stringify!($ty))
                    .number(core::mem::offset_of!($name, $field) as u64)
                    .number(size_of::<$ty>() as u64)
                )*
            ]
            [$($names)* $name]
            $($rest)*
        }
    };
    (@item [$($hash:tt)*] [$($names:ident)*]
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $($(#[doc = $variant_doc:literal])* $variant:ident = $number:literal,)*
        }
        $($rest:tt)*
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum $name {
            $($(#[doc = $variant_doc])* $variant = $number,)*
        }

        impl $name {
            /// This variant, as a record holds it.
            pub const fn variant(self) -> $crate::variant::Variant<$name> {
                $crate::variant::Variant::of_number(self as u32)
            }
        }

        impl $crate::variant::Enumeration for $name {
            fn number(self) -> u32 {
                self as u32
            }

            fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some($name::$variant),)*
                    _ => None,
                }
            }
        }

        records! {
            @item
            [
                $($hash)*
                .name(stringify!($name))
                $(.name(stringify!($variant)).number($number))*
            ]
            [$($names)*]
            $($rest)*
        }
    };
    (@item [$($hash:tt)*] [$($names:ident)*]
        $(#[doc = $doc:literal])*
        pub flags $name:ident: $ty:ident {
            $($(#[doc = $flag_doc:literal])* $flag:ident = $value:expr;)*
        }
        $($rest:tt)*
    ) => {
        $(#[doc = $doc])*
        pub mod $name {
            $($(#[doc = $flag_doc])* pub const $flag: $ty = $value;)*
        }

        records! {
            @item
            [
                $($hash)*
                .name(stringify!($name))
                $(.name(stringify!($flag)).number($name::$flag as u64))*
            ]
            [$($names)*]
            $($rest)*
        }
    };
    (@item [$($hash:tt)*] [$($names:ident)*]) => {
        /// Changes with every name, type, place and number in the records of this module.
        pub const HASH: $crate::hash::Hash = $crate::hash::Hash::NEW $($hash)*;

        /// Checks each record: what is written has the bytes of the structure.
        #[cfg(test)]
        pub(crate) const CHECKS: &[fn()] = &[$($crate::write::check::<$names>),*];
    };
    ($($items:tt)*) => {
        records! { @item [] [] $($items)* }
    };
}

pub(crate) use records;
