//! What the runtime is told of the heap: types of objects, where references are in stack frames, and
//! where else.

use std::collections::HashMap;

use wasmc_abi::heap::{
    Heap, HeapKind, HeapRootKind, NewHeap, NewHeapRoot, NewHeapType, NewStackMaps,
};
use wasmc_abi::write::{Blob, Pointer};

use super::addresses::{Context, state};
use crate::codegen::StackMap;
use crate::program::{HeapRoot, ObjectType};

/// Writes the record; what refers to it. Null in a program without objects.
pub(super) fn write(cx: Context<'_>, blob: &mut Blob) -> Pointer<Heap> {
    let Some(heap) = &cx.program.heap else {
        return Pointer::Null;
    };
    let mut offsets = Vec::new();
    let types: Vec<_> = heap
        .types
        .iter()
        .map(|ty| object_type(ty, &mut offsets))
        .collect();
    let roots: Vec<_> = heap
        .roots
        .iter()
        .map(|root| object_root(cx, *root))
        .collect();
    let record = NewHeap {
        allocation: state(heap.allocation).into(),
        types: blob.array(types),
        offsets: blob.array(offsets),
        maps: write_maps(&cx.text.maps, blob),
        roots: blob.array(roots),
        first_exception: heap.first_exception,
    };
    blob.push::<Heap>(record).into()
}

fn object_type(ty: &ObjectType, offsets: &mut Vec<u32>) -> NewHeapType {
    match ty {
        ObjectType::Struct { size, references } => {
            let first = offsets.len() as u32;
            offsets.extend(references);
            NewHeapType {
                kind: HeapKind::Struct,
                size: *size,
                references: references.len() as u32,
                first,
            }
        }
        ObjectType::Array {
            element,
            references,
        } => NewHeapType {
            kind: HeapKind::Array,
            size: *element,
            references: u32::from(*references),
            first: 0,
        },
    }
}

fn object_root(cx: Context<'_>, root: HeapRoot) -> NewHeapRoot {
    match root {
        HeapRoot::Cells { place, count } => NewHeapRoot {
            kind: HeapRootKind::Cells,
            place: cx.addresses.own(place).into(),
            count,
        },
        HeapRoot::Table(table) => NewHeapRoot {
            kind: HeapRootKind::Table,
            place: cx.table(table).any().into(),
            count: 0,
        },
    }
}

/// Writes the maps, equal ones once.
fn write_maps(maps: &[StackMap], blob: &mut Blob) -> NewStackMaps {
    debug_assert!(maps.is_sorted_by_key(|map| map.return_offset));
    let mut words: Vec<u32> = Vec::new();
    let mut known: HashMap<(u32, &[u32]), u32> = HashMap::new();
    let mut starts = Vec::with_capacity(maps.len());
    for map in maps {
        let start = *known.entry((map.frame, &map.offsets)).or_insert_with(|| {
            let start = words.len() as u32;
            words.extend([map.offsets.len() as u32, map.frame]);
            words.extend(&map.offsets);
            start
        });
        starts.push(start);
    }
    NewStackMaps {
        returns: blob.array::<u32>(maps.iter().map(|map| map.return_offset)),
        maps: blob.array::<u32>(starts),
        words: blob.array::<u32>(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmc_abi::write::Section;

    #[test]
    fn equal_maps_are_there_once() {
        let map = |return_offset, frame, offsets: &[u32]| StackMap {
            return_offset,
            frame,
            offsets: offsets.to_vec(),
        };
        let maps = [
            map(10, 32, &[0, 8]),
            map(20, 16, &[8]),
            map(30, 32, &[0, 8]),
            map(40, 48, &[0, 8]),
        ];
        let mut blob = Blob::new(Section::ReadOnly);
        let record = write_maps(&maps, &mut blob);
        assert_eq!(record.words.len(), 4 + 3 + 4);
        let words: Vec<u32> = blob
            .bytes
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect();
        assert_eq!(words[..8], [10, 20, 30, 40, 0, 4, 0, 7]);
        assert_eq!(words[8..], [2, 32, 0, 8, 1, 16, 8, 2, 48, 0, 8]);
    }
}
