//! How the image is written: records as their fields are stated, and the pointers among them.

extern crate alloc;

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use crate::confine::Needs;
use crate::pointer::{Any, RelPtr, RelSlice};
use crate::variant::{Enumeration, Variant};

/// A section of the guest's object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Section {
    /// [`SECTION_TEXT`](crate::symbols::SECTION_TEXT)
    Text,
    /// [`SECTION_RODATA`](crate::symbols::SECTION_RODATA)
    ReadOnly,
    /// [`SECTION_STATE`](crate::symbols::SECTION_STATE), or
    /// [`SECTION_DATA`](crate::symbols::SECTION_DATA) when the file holds it as such
    State,
    /// [`SECTION_BSS`](crate::symbols::SECTION_BSS)
    Zero,
    /// [`SECTION_SEGMENTS`](crate::symbols::SECTION_SEGMENTS)
    Segments,
    /// [`SECTION_IMAGE`](crate::symbols::SECTION_IMAGE)
    Image,
    /// [`SECTION_STACK`](crate::symbols::SECTION_STACK)
    Stack,
}

/// Where a `T` lies: a byte of a section.
pub struct Place<T> {
    section: Section,
    offset: u64,
    pointee: PhantomData<fn() -> T>,
}

impl<T> Place<T> {
    /// A byte of a section, where a `T` must lie.
    pub const fn new(section: Section, offset: u64) -> Place<T> {
        Place {
            section,
            offset,
            pointee: PhantomData,
        }
    }

    /// The section.
    pub const fn section(self) -> Section {
        self.section
    }

    /// Bytes from the section's start.
    pub const fn offset(self) -> u64 {
        self.offset
    }

    /// The same place as one of what a record says.
    pub const fn any(self) -> Place<Any> {
        Place::new(self.section, self.offset)
    }
}

impl<T> Clone for Place<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Place<T> {}

impl<T> PartialEq for Place<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.section, self.offset) == (other.section, other.offset)
    }
}

impl<T> Eq for Place<T> {}

impl<T> fmt::Debug for Place<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}+{:#x}", self.section, self.offset)
    }
}

/// What a [`RelPtr`] is written from.
#[derive(Default)]
pub enum Pointer<T> {
    /// Null.
    #[default]
    Null,
    /// To a byte of the object.
    Place(Place<T>),
    /// To a symbol of the runtime.
    Runtime(&'static str),
}

impl<T> Pointer<T> {
    /// The same pointer as one to what a record says.
    pub fn any(self) -> Pointer<Any> {
        match self {
            Pointer::Null => Pointer::Null,
            Pointer::Place(place) => Pointer::Place(place.any()),
            Pointer::Runtime(symbol) => Pointer::Runtime(symbol),
        }
    }
}

impl<T> From<Place<T>> for Pointer<T> {
    fn from(place: Place<T>) -> Self {
        Pointer::Place(place)
    }
}

impl<T> From<Option<Place<T>>> for Pointer<T> {
    fn from(place: Option<Place<T>>) -> Self {
        place.map_or(Pointer::Null, Pointer::Place)
    }
}

impl<T> Clone for Pointer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Pointer<T> {}

impl<T> fmt::Debug for Pointer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pointer::Null => f.write_str("null"),
            Pointer::Place(place) => place.fmt(f),
            Pointer::Runtime(symbol) => f.write_str(symbol),
        }
    }
}

/// What a [`RelSlice`] is written from: null when there are no elements.
pub struct Array<T> {
    place: Pointer<T>,
    len: u32,
}

impl<T> Array<T> {
    /// `len` elements from `place` on.
    ///
    /// # Panics
    /// At 2^32 elements or more.
    pub fn new(place: Place<T>, len: usize) -> Array<T> {
        Array {
            place: match len {
                0 => Pointer::Null,
                _ => Pointer::Place(place),
            },
            len: u32::try_from(len).expect("limits keep every array below 2^32 elements"),
        }
    }

    /// Number of elements.
    pub fn len(self) -> u32 {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// A pointer to the first element; null when there is none.
    pub fn pointer(self) -> Pointer<T> {
        self.place
    }
}

impl<T> Clone for Array<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Array<T> {}

impl<T> Default for Array<T> {
    fn default() -> Self {
        Array {
            place: Pointer::Null,
            len: 0,
        }
    }
}

impl<T> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {:?}", self.len, self.place)
    }
}

/// What is part of a record: a number, a pointer, another record.
pub trait Field: Sized {
    /// What the compiler states for it.
    type Value;

    /// Writes it at an offset of the blob, whose bytes there are 0.
    fn put(value: Self::Value, blob: &mut Blob, at: u64);

    /// One made of the next numbers, as it is in the structure and as the compiler states it.
    #[cfg(test)]
    fn sample(next: &mut u32) -> (Self, Self::Value);
}

macro_rules! number_fields {
    ($($ty:ty)*) => {$(
        impl Field for $ty {
            type Value = $ty;

            fn put(value: $ty, blob: &mut Blob, at: u64) {
                blob.overwrite(at, &value.to_le_bytes());
            }

            #[cfg(test)]
            fn sample(next: &mut u32) -> ($ty, $ty) {
                *next += 1;
                (*next as $ty, *next as $ty)
            }
        }
    )*};
}

number_fields! { u8 u32 i32 u64 i64 u128 }

fn put_number<N: Field<Value = N>>(number: N, blob: &mut Blob, at: u64) {
    N::put(number, blob, at);
}

impl Field for Needs {
    type Value = Needs;

    fn put(value: Needs, blob: &mut Blob, at: u64) {
        put_number(value.bits(), blob, at);
    }

    #[cfg(test)]
    fn sample(next: &mut u32) -> (Needs, Needs) {
        let (bits, _) = Field::sample(next);
        (Needs::from_bits(bits), Needs::from_bits(bits))
    }
}

impl<E: Enumeration> Field for Variant<E> {
    type Value = E;

    fn put(value: E, blob: &mut Blob, at: u64) {
        put_number(value.number(), blob, at);
    }

    #[cfg(test)]
    fn sample(_: &mut u32) -> (Variant<E>, E) {
        let variants = (0..u32::MAX).filter_map(E::from_number);
        let last = variants.take(2).last().expect("it has variants");
        (Variant::of_number(last.number()), last)
    }
}

impl<T> Field for RelPtr<T> {
    type Value = Pointer<T>;

    fn put(value: Pointer<T>, blob: &mut Blob, at: u64) {
        let target = match value {
            Pointer::Null => return,
            Pointer::Place(place) => Target::Place(place.any()),
            Pointer::Runtime(symbol) => Target::Runtime(symbol),
        };
        blob.pointers.push(PointerAt { offset: at, target });
    }

    /// The linker fills the bytes in.
    #[cfg(test)]
    fn sample(next: &mut u32) -> (RelPtr<T>, Pointer<T>) {
        *next += 1;
        let place = Place::new(Section::Text, u64::from(*next));
        (RelPtr::NULL, Pointer::Place(place))
    }
}

impl<T> Field for RelSlice<T> {
    type Value = Array<T>;

    fn put(value: Array<T>, blob: &mut Blob, at: u64) {
        let len = core::mem::offset_of!(RelSlice<T>, len) as u64;
        RelPtr::<T>::put(value.place, blob, at);
        u32::put(value.len, blob, at + len);
    }

    #[cfg(test)]
    fn sample(next: &mut u32) -> (RelSlice<T>, Array<T>) {
        let (ptr, place) = Field::sample(next);
        let (len, _) = Field::sample(next);
        (RelSlice { ptr, len }, Array { place, len })
    }
}

/// What a pointer points to.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// A byte of the object.
    Place(Place<Any>),
    /// A symbol of the runtime.
    Runtime(&'static str),
}

/// A [`RelPtr`] to fill in.
#[derive(Clone, Copy, Debug)]
pub struct PointerAt {
    /// Where it is in its section.
    pub offset: u64,
    /// What it points to.
    pub target: Target,
}

/// The bytes of a section, and the pointers in them.
#[derive(Debug)]
pub struct Blob {
    section: Section,
    /// The bytes; those of pointers are 0.
    pub bytes: Vec<u8>,
    /// The pointers, in the order in which they were written.
    pub pointers: Vec<PointerAt>,
}

impl Blob {
    /// What a section holds, from its start.
    pub const fn new(section: Section) -> Blob {
        Blob {
            section,
            bytes: Vec::new(),
            pointers: Vec::new(),
        }
    }

    /// Appends zeros up to a multiple of `alignment`.
    pub fn align(&mut self, alignment: usize) {
        let len = self.bytes.len().next_multiple_of(alignment);
        self.bytes.resize(len, 0);
    }

    /// Where the next `T` lies.
    pub fn here<T>(&mut self) -> Place<T> {
        self.align(align_of::<T>());
        Place::new(self.section, self.bytes.len() as u64)
    }

    /// Appends zeros where a `T` is to be written later.
    pub fn reserve<T>(&mut self) -> Place<T> {
        let place = self.here();
        self.bytes.resize(self.bytes.len() + size_of::<T>(), 0);
        place
    }

    /// Writes a `T` where there are zeros.
    ///
    /// # Panics
    /// If the place is not in this blob.
    pub fn write<T: Field>(&mut self, place: Place<T>, value: T::Value) {
        assert_eq!(place.section, self.section, "a place of another section");
        T::put(value, self, place.offset);
    }

    /// Appends a `T`.
    ///
    /// Every field must be given, and be of its own type:
    ///
    /// ```compile_fail,E0063
    /// # use wasmc_abi::layout::{NewTagRecord, TagRecord};
    /// # use wasmc_abi::write::{Blob, Section};
    /// Blob::new(Section::ReadOnly).push::<TagRecord>(NewTagRecord { name: 0 });
    /// ```
    ///
    /// ```compile_fail,E0308
    /// # use wasmc_abi::layout::{Instance, NewInstance, TableState};
    /// # use wasmc_abi::write::{Array, Blob, Section};
    /// let tables = Array::<TableState>::default();
    /// let instance = NewInstance { steps: tables, name: 0, name_len: 0 };
    /// Blob::new(Section::ReadOnly).push::<Instance>(instance);
    /// ```
    pub fn push<T: Field>(&mut self, value: T::Value) -> Place<T> {
        let place = self.reserve();
        self.write(place, value);
        place
    }

    /// Appends an array.
    pub fn array<T: Field>(&mut self, values: impl IntoIterator<Item = T::Value>) -> Array<T> {
        let start = self.here();
        let mut len = 0;
        for value in values {
            self.push::<T>(value);
            len += 1;
        }
        Array::new(start, len)
    }

    /// Appends an array of bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Array<u8> {
        let start = self.here();
        self.bytes.extend_from_slice(bytes);
        Array::new(start, bytes.len())
    }

    /// Appends the bytes of another blob, with its pointers.
    pub fn copy_of(&mut self, other: &Blob) -> Array<u8> {
        let bytes = self.bytes(&other.bytes);
        let start = (self.bytes.len() - other.bytes.len()) as u64;
        self.pointers
            .extend(other.pointers.iter().map(|pointer| PointerAt {
                offset: start + pointer.offset,
                ..*pointer
            }));
        bytes
    }

    fn overwrite(&mut self, at: u64, bytes: &[u8]) {
        let at = at as usize;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// Writes a sample of a record and compares it with the structure.
#[cfg(test)]
pub(crate) fn check<T: Field>() {
    let (record, value) = T::sample(&mut 0);
    let mut blob = Blob::new(Section::ReadOnly);
    let place = blob.push::<T>(value);
    assert_eq!(place.offset, 0);
    // SAFETY: a record has no padding, so that all of its bytes are initialised.
    let bytes =
        unsafe { core::slice::from_raw_parts((&raw const record).cast::<u8>(), size_of::<T>()) };
    assert_eq!(blob.bytes, bytes, "{}", core::any::type_name::<T>());
    let is_zero = |pointer: &PointerAt| {
        let at = pointer.offset as usize;
        blob.bytes[at..at + 4] == [0; 4]
    };
    assert!(blob.pointers.iter().all(is_zero));
}
