//! Fields: names and values, in the order in which they were added. Names are lower case.
//!
//! They are a list in the host's [heap](crate::host::heap):
//!
//! ```text
//! next: place, length | bytes of the name | name | value
//! ```

use super::syntax;
use crate::host::heap::{Block, Heap};

/// Most bytes of a name.
pub const MAX_NAME: usize = 1024;
/// Most bytes of all names and values together, with four for each field, as they are sent.
pub const MAX_BYTES: usize = 64 * 1024;
/// Bytes before the name.
const HEADER: usize = 12;

/// A list of fields. All zeros: none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields {
    first: Block,
    last: Block,
    count: u32,
    bytes: u32,
}

/// Why fields were not changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldsError {
    /// A name or value has bytes that it may not have.
    Syntax,
    /// The field is about the connection.
    Forbidden,
    /// More than the host keeps.
    TooLarge,
}

/// A field, where it lies in the heap.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    block: Block,
    name: usize,
}

impl Field {
    /// Its name.
    pub fn name(self, heap: &Heap) -> &[u8] {
        heap.bytes(self.block)
            .get(HEADER..HEADER + self.name)
            .unwrap_or_default()
    }

    /// The field that follows.
    pub fn next(self, heap: &Heap) -> Option<Field> {
        let (_, next) = read(heap, self.block)?;
        Some(read(heap, next)?.0)
    }

    /// Its value.
    pub fn value(self, heap: &Heap) -> &[u8] {
        heap.bytes(self.block)
            .get(HEADER + self.name..)
            .unwrap_or_default()
    }
}

impl Fields {
    /// None.
    pub const NONE: Fields = Fields {
        first: Block::NONE,
        last: Block::NONE,
        count: 0,
        bytes: 0,
    };

    /// How many there are.
    pub fn count(self) -> u32 {
        self.count
    }

    /// How many bytes they take when they are sent.
    pub fn bytes(self) -> usize {
        self.bytes as usize
    }

    /// The fields, in their order.
    pub fn iter(self, heap: &Heap) -> impl Iterator<Item = Field> {
        let mut next = self.first;
        core::iter::from_fn(move || {
            let (field, following) = read(heap, next)?;
            next = following;
            Some(field)
        })
    }

    /// The fields with this name, in whatever case.
    pub fn named<'h>(self, heap: &'h Heap, name: &'h [u8]) -> impl Iterator<Item = Field> + 'h {
        self.iter(heap)
            .filter(move |field| field.name(heap).eq_ignore_ascii_case(name))
    }

    /// Adds a field of the guest's: `fill` copies the value to where it will be.
    pub fn append(
        &mut self,
        heap: &mut Heap,
        name: &[u8],
        value_len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<(), FieldsError> {
        check_name(name)?;
        self.add(heap, name, value_len, fill)
    }

    /// Adds a field of which only the syntax is checked.
    pub fn add(
        &mut self,
        heap: &mut Heap,
        name: &[u8],
        value_len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<(), FieldsError> {
        let len = name.len() + value_len + 4;
        if name.len() > MAX_NAME || len > MAX_BYTES - self.bytes() {
            return Err(FieldsError::TooLarge);
        }
        let block = heap.allocate(HEADER + name.len() + value_len);
        let block = block.ok_or(FieldsError::TooLarge)?;
        let bytes = heap.bytes_mut(block);
        let Some((header, rest)) = bytes.split_at_mut_checked(HEADER) else {
            return Err(FieldsError::TooLarge);
        };
        header.fill(0);
        if let Some(place) = header.last_chunk_mut() {
            *place = (name.len() as u32).to_le_bytes();
        }
        let (own, value) = rest.split_at_mut(name.len());
        own.copy_from_slice(name);
        own.make_ascii_lowercase();
        fill(value);
        // Some of the guest's programs write such spaces, which mean nothing.
        if !syntax::is_value(syntax::trim(value)) {
            heap.free(block);
            return Err(FieldsError::Syntax);
        }
        self.link(heap, block, len as u32);
        Ok(())
    }

    fn link(&mut self, heap: &mut Heap, block: Block, len: u32) {
        if self.last.is_none() {
            self.first = block;
        } else {
            set_next(heap, self.last, block);
        }
        self.last = block;
        self.count += 1;
        self.bytes += len;
    }

    /// Removes all fields with this name.
    pub fn remove(&mut self, heap: &mut Heap, name: &[u8]) {
        let mut at = self.first;
        let mut before = Block::NONE;
        while let Some((field, next)) = read(heap, at) {
            if field.name(heap).eq_ignore_ascii_case(name) {
                if before.is_none() {
                    self.first = next;
                } else {
                    set_next(heap, before, next);
                }
                if next.is_none() {
                    self.last = before;
                }
                self.count -= 1;
                self.bytes -= (at.len() - HEADER + 4) as u32;
                heap.free(at);
            } else {
                before = at;
            }
            at = next;
        }
    }

    /// Puts others behind these, which are given back if that is too much.
    pub fn join(&mut self, heap: &mut Heap, others: Fields) -> Result<(), FieldsError> {
        if others.bytes() > MAX_BYTES - self.bytes() {
            others.free(heap);
            return Err(FieldsError::TooLarge);
        }
        if self.last.is_none() {
            *self = others;
        } else if !others.first.is_none() {
            set_next(heap, self.last, others.first);
            self.last = others.last;
            self.count += others.count;
            self.bytes += others.bytes;
        }
        Ok(())
    }

    /// A copy of all of them.
    pub fn copy(self, heap: &mut Heap) -> Result<Fields, FieldsError> {
        let mut copy = Fields::NONE;
        let mut at = self.first;
        while let Some((_, next)) = read(heap, at) {
            let Some(block) = heap.allocate(at.len()) else {
                copy.free(heap);
                return Err(FieldsError::TooLarge);
            };
            heap.copy_within(at, block);
            set_next(heap, block, Block::NONE);
            copy.link(heap, block, (at.len() - HEADER + 4) as u32);
            at = next;
        }
        Ok(copy)
    }

    /// Gives all of them back.
    pub fn free(self, heap: &mut Heap) {
        let mut at = self.first;
        while let Some((_, next)) = read(heap, at) {
            heap.free(at);
            at = next;
        }
    }
}

/// Fails for a name that the guest may not use.
pub fn check_name(name: &[u8]) -> Result<(), FieldsError> {
    if !syntax::is_token(name) {
        return Err(FieldsError::Syntax);
    }
    match syntax::is_forbidden(name) {
        true => Err(FieldsError::Forbidden),
        false => Ok(()),
    }
}

/// The field in a block, and the next block.
fn read(heap: &Heap, block: Block) -> Option<(Field, Block)> {
    let header: &[u8; HEADER] = heap.bytes(block).first_chunk()?;
    let (numbers, _) = header.as_chunks::<4>();
    let &[place, len, name] = numbers else {
        return None;
    };
    let next = Block::from_numbers([u32::from_le_bytes(place), u32::from_le_bytes(len)]);
    let name = u32::from_le_bytes(name) as usize;
    Some((Field { block, name }, next))
}

fn set_next(heap: &mut Heap, block: Block, next: Block) {
    let [place, len] = next.to_numbers();
    if let Some(header) = heap.bytes_mut(block).first_chunk_mut::<8>() {
        let (first, second) = header.split_at_mut(4);
        first.copy_from_slice(&place.to_le_bytes());
        second.copy_from_slice(&len.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(fields: &mut Fields, heap: &mut Heap, name: &str, value: &str) {
        let fill = |room: &mut [u8]| room.copy_from_slice(value.as_bytes());
        fields
            .append(heap, name.as_bytes(), value.len(), fill)
            .unwrap();
    }

    fn text(fields: Fields, heap: &Heap) -> String {
        fields
            .iter(heap)
            .map(|field| {
                let name = String::from_utf8_lossy(field.name(heap)).into_owned();
                format!("{name}={} ", String::from_utf8_lossy(field.value(heap)))
            })
            .collect()
    }

    #[test]
    fn keeps_order_and_removes_by_name() {
        let mut heap = Heap::for_tests(1 << 20);
        let heap = &mut heap;
        let mut fields = Fields::NONE;
        for (name, value) in [("B", "1"), ("a", "2"), ("b", ""), ("C", "4")] {
            add(&mut fields, heap, name, value);
        }
        assert_eq!(text(fields, heap), "b=1 a=2 b= c=4 ");
        let copy = fields.copy(heap).unwrap();
        assert_eq!(fields.named(heap, b"B").count(), 2);
        fields.remove(heap, b"B");
        assert_eq!(text(fields, heap), "a=2 c=4 ");
        fields.remove(heap, b"c");
        add(&mut fields, heap, "d", "5");
        assert_eq!(text(fields, heap), "a=2 d=5 ");
        fields.remove(heap, b"a");
        fields.remove(heap, b"d");
        assert_eq!((fields.count(), fields.bytes()), (0, 0));
        add(&mut fields, heap, "e", "6");
        assert_eq!(text(fields, heap), "e=6 ");
        assert_eq!(text(copy, heap), "b=1 a=2 b= c=4 ");
        assert_eq!(copy.bytes(), 4 * 5 + 3);
    }

    #[test]
    fn what_may_not_be_is_refused() {
        let mut heap = Heap::for_tests(1 << 20);
        let mut fields = Fields::NONE;
        let mut append = |name: &[u8], value: &[u8]| {
            let fill = |room: &mut [u8]| room.copy_from_slice(value);
            fields.append(&mut heap, name, value.len(), fill)
        };
        assert_eq!(append(b"", b"x"), Err(FieldsError::Syntax));
        assert_eq!(append(b"a b", b"x"), Err(FieldsError::Syntax));
        assert_eq!(append(b"a", b"x\r\ny: z"), Err(FieldsError::Syntax));
        assert_eq!(
            append(b"Transfer-Encoding", b"x"),
            Err(FieldsError::Forbidden)
        );
        assert_eq!(append(&[b'n'; 1025], b"x"), Err(FieldsError::TooLarge));
        assert_eq!(append(b"a", &[b'v'; MAX_BYTES]), Err(FieldsError::TooLarge));
        for _ in 0..4 {
            assert_eq!(append(b"a", &[b'v'; 16_000]), Ok(()));
        }
        assert_eq!(append(b"a", &[b'v'; 16_000]), Err(FieldsError::TooLarge));
    }

    #[test]
    fn a_full_heap_is_no_panic() {
        let mut heap = Heap::for_tests(4096);
        let mut fields = Fields::NONE;
        let fill = |room: &mut [u8]| room.fill(b'x');
        let mut added = 0;
        while fields.append(&mut heap, b"name", 100, fill).is_ok() {
            added += 1;
        }
        assert_eq!(added, 32);
        assert_eq!(
            fields.copy(&mut heap).map(|_| ()),
            Err(FieldsError::TooLarge)
        );
        fields.free(&mut heap);
        let mut fields = Fields::NONE;
        assert_eq!(fields.append(&mut heap, b"name", 100, fill), Ok(()));
    }
}
