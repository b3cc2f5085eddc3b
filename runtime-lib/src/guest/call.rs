//! Calls from a component to the host: memory, handles and strings as the canonical ABI has them.
//!
//! Source: `design/mvp/CanonicalABI.md` of the component model. What a guest may not do traps. All
//! checks come before any effect.

use super::handles::Component;
use super::pointer::{GuestMemory, GuestSlice, Plain};
use super::trap;
use core::ptr;
use wasmc_abi::component::{CallOptions, MAX_BYTE_LENGTH, UTF16_TAG, encoding};
use wasmc_abi::p2::Resource;
use wasmc_abi::traps::Trap;

/// A call from a component instance.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    options: &'a CallOptions,
    component: Component,
}

impl<'a> Call<'a> {
    /// The call with these options. Traps when the stack is nearly used up, and when the instance
    /// may not call out of itself.
    ///
    /// # Safety
    /// `options` must be as the compiler has written them.
    pub unsafe fn new(options: *const CallOptions) -> Call<'a> {
        trap::ensure_headroom();
        // SAFETY: as the caller vouches.
        let options = unsafe { &*options };
        // SAFETY: as the caller vouches.
        let component = unsafe { Component::new(options.component.get()) };
        component.check_leave();
        Call { options, component }
    }

    /// The memory as it is now; one without bytes when the call has none.
    pub fn memory(&self) -> GuestMemory<'a> {
        let memory = self.options.memory.get();
        // SAFETY: null or the state of a memory, whose bytes are accessible up to its size.
        unsafe { GuestMemory::new(memory) }
    }

    /// The object that a handle stands for, owned or borrowed.
    pub fn borrow(&self, handle: u32, resource: Resource) -> u32 {
        self.component.rep(handle, resource as u32)
    }

    /// The object that a handle owns, which the instance gives up.
    pub fn take(&self, handle: u32, resource: Resource) -> u32 {
        self.component.take(handle, resource as u32)
    }

    /// A handle that owns an object.
    pub fn own(&self, resource: Resource, object: u32) -> u32 {
        self.component.add(resource as u32, object)
    }

    /// Where a result of these bytes and this alignment goes.
    pub fn place(&self, address: u32, size: u32, align: u32) -> Place<'a> {
        if !address.is_multiple_of(align) {
            trap::raise(Trap::UnalignedPointer);
        }
        match self.memory().slice(address, size) {
            Ok(bytes) => Place { bytes },
            Err(_) => trap::raise(Trap::MemoryOutOfBounds),
        }
    }

    /// The bytes of a `list<u8>` of the guest.
    pub fn bytes(&self, address: u32, len: u32) -> GuestSlice<'a> {
        self.list(address, len, 1, 1).bytes
    }

    /// A list of the guest whose elements have these bytes and this alignment.
    pub fn list(&self, address: u32, len: u32, size: u32, align: u32) -> Place<'a> {
        let bytes = u64::from(len) * u64::from(size);
        if bytes >= u64::from(MAX_BYTE_LENGTH) {
            trap::raise(Trap::ListOutOfBounds);
        }
        if !address.is_multiple_of(align) {
            trap::raise(Trap::UnalignedPointer);
        }
        match self.memory().slice(address, bytes as u32) {
            Ok(bytes) => Place { bytes },
            Err(_) => trap::raise(Trap::ListOutOfBounds),
        }
    }

    /// Memory that the guest allocates: its address.
    ///
    /// The memory may grow meanwhile, and the guest may do anything but call the host.
    pub fn allocate(&self, size: u32, align: u32) -> (u32, Place<'a>) {
        if size >= MAX_BYTE_LENGTH || self.options.realloc.is_null() {
            trap::raise(Trap::ListOutOfBounds);
        }
        let mut values: [[u64; 2]; 4] = [[0; 2], [0; 2], [align.into(), 0], [size.into(), 0]];
        self.component.without_leave(|| {
            // SAFETY: a function of the guest and the trampoline of its signature. It runs above
            // the frames of the guest that called, like any function that these call; a trap in
            // it leaves all of them.
            unsafe {
                let call = self.options.realloc_trampoline.function();
                call(
                    self.options.realloc.get(),
                    ptr::from_mut(&mut values).cast(),
                );
            }
        });
        let address = values[0][0] as u32;
        if !address.is_multiple_of(align) {
            trap::raise(Trap::ReallocUnaligned);
        }
        match self.memory().slice(address, size) {
            Ok(bytes) => (address, Place { bytes }),
            Err(_) => trap::raise(Trap::ReallocOutOfBounds),
        }
    }

    /// Gives the guest a `list<u8>`: its address and length.
    pub fn lower_bytes(&self, bytes: &[u8]) -> (u32, u32) {
        let len = length(bytes.len());
        let (address, place) = self.allocate(len, 1);
        place.bytes.copy_from(bytes);
        (address, len)
    }

    /// Gives the guest a string: its address and length, in the encoding of the call. What is no
    /// UTF-8 becomes U+FFFD.
    pub fn lower_string(&self, text: &[u8]) -> (u32, u32) {
        if self.options.encoding == encoding::UTF8 && core::str::from_utf8(text).is_ok() {
            return self.lower_bytes(text);
        }
        let latin1 = characters(text).all(|character| u32::from(character) < 0x100);
        match self.options.encoding {
            encoding::UTF8 => {
                let len = characters(text).map(char::len_utf8).sum();
                let (address, place) = self.allocate(length(len), 1);
                let mut at = 0;
                for character in characters(text) {
                    let mut bytes = [0; 4];
                    let bytes = character.encode_utf8(&mut bytes).as_bytes();
                    place.bytes.skip(at).copy_from(bytes);
                    at += bytes.len();
                }
                (address, length(len))
            }
            encoding::COMPACT if latin1 => {
                let len = length(characters(text).count());
                let (address, place) = self.allocate(len, 2);
                for (character, at) in characters(text).zip(0..) {
                    place.put(at, u32::from(character) as u8);
                }
                (address, len)
            }
            encoding => {
                let units: usize = characters(text).map(char::len_utf16).sum();
                let len = length(units);
                let (address, place) = self.allocate(len.saturating_mul(2), 2);
                let mut at = 0;
                for character in characters(text) {
                    let mut units = [0; 2];
                    for &mut unit in character.encode_utf16(&mut units) {
                        place.put(at, unit);
                        at += 2;
                    }
                }
                match encoding == encoding::COMPACT {
                    true => (address, len | UTF16_TAG),
                    false => (address, len),
                }
            }
        }
    }

    /// Memory that the guest allocates for a string of so many bytes of ASCII, in the encoding of the
    /// call: its address, its length as the guest gets it, and where the text goes.
    pub fn allocate_ascii(&self, len: usize) -> (u32, u32, AsciiPlace<'a>) {
        let len = length(len);
        let (unit, align) = match self.options.encoding {
            encoding::UTF8 => (1, 1),
            encoding::UTF16 => (2, 2),
            _ => (1, 2),
        };
        let (address, place) = self.allocate(len.saturating_mul(unit), align);
        (address, len, AsciiPlace { place, unit })
    }

    /// Copies a string of the guest into `text`, as UTF-8: its bytes, or `None` when it is longer.
    pub fn lift_string<'t>(
        &self,
        address: u32,
        len: u32,
        text: &'t mut [u8],
    ) -> Option<&'t mut [u8]> {
        let tagged = len & UTF16_TAG != 0;
        let (unit, units, align) = match self.options.encoding {
            encoding::UTF8 => (1, len, 1),
            encoding::UTF16 => (2, len, 2),
            _ if tagged => (2, len ^ UTF16_TAG, 2),
            _ => (1, len, 2),
        };
        let bytes = u64::from(units) * unit;
        if !address.is_multiple_of(align) {
            trap::raise(Trap::UnalignedPointer);
        }
        let source = match self
            .memory()
            .slice(address, bytes.min(u32::MAX.into()) as u32)
        {
            Ok(source) if bytes < u64::from(MAX_BYTE_LENGTH) => source,
            _ => trap::raise(Trap::StringOutOfBounds),
        };
        if self.options.encoding == encoding::UTF8 {
            let room = text.get_mut(..source.len())?;
            source.copy_to(room);
            if core::str::from_utf8(room).is_err() {
                trap::raise(Trap::InvalidUtf8);
            }
            return Some(room);
        }
        let place = Place { bytes: source };
        let mut at = 0;
        let mut put = |character: char| {
            let mut bytes = [0; 4];
            let bytes = character.encode_utf8(&mut bytes).as_bytes();
            let room = text.get_mut(at..at + bytes.len())?;
            room.copy_from_slice(bytes);
            at += bytes.len();
            Some(())
        };
        if unit == 1 {
            for index in 0..units {
                put(char::from(place.get::<u8>(index)))?;
            }
        } else {
            let units = (0..units).map(|index| place.get::<u16>(index * 2));
            for character in char::decode_utf16(units) {
                match character {
                    Ok(character) => put(character)?,
                    Err(_) => trap::raise(Trap::InvalidUtf16),
                }
            }
        }
        text.get_mut(..at)
    }
}

/// A length as the guest gets it; traps when it is too long.
fn length(len: usize) -> u32 {
    match u32::try_from(len) {
        Ok(len) if len < MAX_BYTE_LENGTH => len,
        _ => trap::raise(Trap::ListOutOfBounds),
    }
}

/// The characters of a text; U+FFFD for what is no UTF-8.
fn characters(text: &[u8]) -> impl Iterator<Item = char> {
    text.utf8_chunks().flat_map(|chunk| {
        let replacement = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().chain(replacement)
    })
}

/// Where a string of ASCII goes.
#[derive(Clone, Copy)]
pub struct AsciiPlace<'a> {
    place: Place<'a>,
    /// Bytes of a character.
    unit: u32,
}

impl AsciiPlace<'_> {
    /// Writes the text, as far as there is room.
    pub fn write(&self, text: &[u8]) {
        if self.unit == 1 {
            self.place.bytes.copy_from(text);
            return;
        }
        for (&byte, at) in text.iter().zip(0..) {
            self.place.put(at * self.unit, u16::from(byte));
        }
    }
}

/// A value or list in guest memory, within bounds.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Its bytes.
    pub bytes: GuestSlice<'a>,
}

impl Place<'_> {
    /// Writes a number at an offset.
    pub fn put<T: Plain>(&self, offset: u32, value: T) {
        self.bytes.put(offset as usize, value);
    }

    /// The number at an offset.
    pub fn get<T: Plain>(&self, offset: u32) -> T {
        match self.bytes.get(offset as usize) {
            Some(value) => value,
            // The callers stay within the size that they have asked for.
            None => trap::raise(Trap::MemoryOutOfBounds),
        }
    }
}
