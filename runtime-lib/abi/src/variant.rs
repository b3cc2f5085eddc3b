//! How records hold variants of enumerations: as numbers, which need not be those of one.

use core::marker::PhantomData;

/// An enumeration whose variants have numbers: `records!` defines it.
pub trait Enumeration: Copy {
    /// The number of this variant.
    fn number(self) -> u32;
    /// The variant with this number, if there is one.
    fn from_number(number: u32) -> Option<Self>;
}

/// The number of a variant of `E`, as a record holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Variant<E> {
    number: u32,
    enumeration: PhantomData<fn() -> E>,
}

impl<E: Enumeration> Variant<E> {
    /// The variant of this number, if there is one.
    pub(crate) const fn of_number(number: u32) -> Variant<E> {
        Variant {
            number,
            enumeration: PhantomData,
        }
    }

    /// The variant, if the number is that of one.
    pub fn get(&self) -> Option<E> {
        E::from_number(self.number)
    }
}
