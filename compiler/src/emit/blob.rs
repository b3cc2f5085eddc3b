//! Bytes with pointers in them: how the `repr(C)` structures of the ABI are written.

use wasmc_abi::layout::RelSlice;

/// A section of the guest's object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Section {
    Text,
    ReadOnly,
    State,
    Zero,
    Segments,
    Image,
    Stack,
}

/// A byte in a section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub section: Section,
    pub offset: u64,
}

/// What a pointer points to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// A byte of the object.
    Place(Place),
    /// A symbol of the runtime.
    Runtime(&'static str),
}

/// A [`RelPtr`](wasmc_abi::layout::RelPtr) to fill in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointer {
    /// Where it is in the blob.
    pub offset: u64,
    /// What it points to.
    pub target: Target,
}

/// Bytes with pointers in them.
#[derive(Debug, Default)]
pub(super) struct Blob {
    pub bytes: Vec<u8>,
    pub pointers: Vec<Pointer>,
}

impl Blob {
    /// Appends zeros up to a multiple of `alignment`; the offset there.
    pub fn align(&mut self, alignment: usize) -> u64 {
        let len = self.bytes.len().next_multiple_of(alignment);
        self.bytes.resize(len, 0);
        len as u64
    }

    pub fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes.extend(value.to_le_bytes());
    }

    /// A pointer; null for `None`.
    pub fn pointer(&mut self, target: Option<Target>) {
        let offset = self.bytes.len() as u64;
        self.u32(0);
        if let Some(target) = target {
            self.pointers.push(Pointer { offset, target });
        }
    }

    /// A pointer to a byte of the object; null for `None`.
    pub fn place(&mut self, place: Option<Place>) {
        self.pointer(place.map(Target::Place));
    }

    /// A [`RelSlice`] of `len` elements; null when there are none.
    pub fn slice(&mut self, place: Place, len: usize) {
        const { assert!(size_of::<RelSlice>() == 8) };
        self.place((len > 0).then_some(place));
        let len = u32::try_from(len).expect("limits keep every table below 2^32 elements");
        self.u32(len);
    }
}

/// Appends an unsigned LEB128.
pub(super) fn uleb128(bytes: &mut Vec<u8>, mut value: u64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return;
        }
        bytes.push(byte | 0x80);
    }
}

/// Appends a signed LEB128.
pub(super) fn sleb128(bytes: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        let done = (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0);
        if done {
            bytes.push(byte);
            return;
        }
        bytes.push(byte | 0x80);
    }
}
