//! Do a program and a runtime belong together?

use crate::builtins::{Builtin, BuiltinType};
use crate::hash::Hash;
use crate::traps::Trap;
use crate::{component, heap, layout, script};

/// The hash of the records, of the traps' numbers and of the builtins' signatures. A program has it
/// in [`Program::layout`](layout::Program::layout); the runtime refuses one with another.
pub const LAYOUT_HASH: u32 = builtins(traps(RECORDS, Trap::ALL), Builtin::ALL).folded();

const RECORDS: Hash = Hash::NEW
    .and(layout::HASH)
    .and(component::HASH)
    .and(heap::HASH)
    .and(script::HASH);

const fn traps(mut hash: Hash, traps: &[Trap]) -> Hash {
    let mut at = 0;
    while at < traps.len() {
        hash = hash.number(traps[at].code() as u64).name(traps[at].text());
        at += 1;
    }
    hash
}

const fn builtins(mut hash: Hash, builtins: &[Builtin]) -> Hash {
    let mut at = 0;
    while at < builtins.len() {
        let signature = builtins[at].signature();
        hash = hash.name(signature.symbol);
        let mut param = 0;
        while param < signature.params.len() {
            hash = builtin_type(hash, signature.params[param]);
            param += 1;
        }
        hash = hash.name("->");
        if let Some(result) = signature.result {
            hash = builtin_type(hash, result);
        }
        at += 1;
    }
    hash
}

const fn builtin_type(hash: Hash, ty: BuiltinType) -> Hash {
    hash.number(ty as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{NewEntry, Program};
    use crate::write::{Array, Blob, Field as _, Pointer, Section};
    use core::mem::offset_of;

    macro_rules! hash_of {
        ($($items:tt)*) => {{
            #[expect(dead_code, reason = "only the hash is looked at")]
            mod records {
                use crate::record::records;

                records! { $($items)* }
            }
            records::HASH
        }};
    }

    #[test]
    fn whatever_changes_in_a_record_changes_the_hash() {
        let hashes = [
            hash_of! { pub struct A from NewA { pub x: u32, pub y: u32, } },
            // Another name of a field, another order, another type of the same size, a field more.
            hash_of! { pub struct A from NewA { pub x: u32, pub z: u32, } },
            hash_of! { pub struct A from NewA { pub y: u32, pub x: u32, } },
            hash_of! { pub struct A from NewA { pub x: u32, pub y: i32, } },
            hash_of! { pub struct A from NewA { pub x: u32, pub y: u32, pub z: u32, } },
            hash_of! { pub struct B from NewB { pub x: u32, pub y: u32, } },
            // Two records are not one with the fields of both.
            hash_of! { pub struct A from NewA { pub x: u32, } pub struct B from NewB { pub y: u32, } },
            hash_of! { pub struct A from NewA { pub x: u64, } pub struct B from NewB { pub y: u32, } },
            // Numbers of enumerations and flags.
            hash_of! { pub enum E { X = 0, Y = 1, } },
            hash_of! { pub enum E { X = 1, Y = 0, } },
            hash_of! { pub enum E { X = 0, Z = 1, } },
            hash_of! { pub flags f: u32 { X = 1; } },
            hash_of! { pub flags f: u32 { X = 2; } },
        ];
        for (at, one) in hashes.iter().enumerate() {
            assert!(!hashes[..at].contains(one), "number {at}");
        }
    }

    #[test]
    fn documentation_and_spaces_do_not_change_the_hash() {
        assert_eq!(
            hash_of! {
                /// With documentation.
                #[derive(Debug)]
                pub struct A from NewA {
                    /// Of a field.
                    pub x: u32,
                }
            },
            hash_of! { pub struct A from NewA { pub x: u32, } }
        );
        let parts = ["RelSlice<u32>", "RelSlice < u32 >"];
        assert_eq!(Hash::NEW.name(parts[0]), Hash::NEW.name(parts[1]));
        assert_ne!(
            Hash::NEW.name("ab").name("c"),
            Hash::NEW.name("a").name("bc")
        );
    }

    #[test]
    fn what_is_written_has_the_bytes_of_the_structure() {
        let checks = [
            layout::CHECKS,
            component::CHECKS,
            heap::CHECKS,
            script::CHECKS,
        ];
        for check in checks.into_iter().flatten() {
            check();
        }
    }

    #[test]
    fn pointers_are_where_the_structure_has_them() {
        let mut blob = Blob::new(Section::ReadOnly);
        let (_, program) = Program::sample(&mut 0);
        blob.bytes(&[0; 8]);
        blob.push::<Program>(program);
        let fields = [
            offset_of!(Program, main),
            offset_of!(Program, text),
            offset_of!(Program, trap_offsets),
        ];
        for (pointer, field) in blob.pointers.iter().zip(fields) {
            assert_eq!(pointer.offset, 8 + field as u64);
        }
    }

    #[test]
    fn arrays_are_aligned_and_null_when_empty() {
        let mut blob = Blob::new(Section::ReadOnly);
        blob.bytes(b"x");
        let numbers = blob.array::<u32>([7, 8]);
        assert_eq!(blob.bytes, [b'x', 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0]);
        assert!(matches!(numbers.pointer(), Pointer::Place(place) if place.offset() == 4));
        assert_eq!(numbers.len(), 2);
        let none = blob.array::<u64>([]);
        assert!(matches!(none.pointer(), Pointer::Null) && none.is_empty());
        let entry = blob.push::<layout::Entry>(NewEntry {
            params: Array::default(),
            ..NewEntry::default()
        });
        assert!(blob.pointers.is_empty(), "{entry:?}");
    }
}
