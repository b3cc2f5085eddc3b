//! `fields`: headers and trailers.

use super::super::messages::FieldsView;
use super::super::objects::{self, Object};
use super::text;
use crate::guest::call::Call;
use crate::guest::trap;
use crate::host::heap;
use crate::host::http::fields::{Field, Fields, FieldsError, MAX_NAME, check_name};
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::header_error::Code as Case;
use wasmc_abi::p2_layout::{self as layout, Layout};
use wasmc_abi::traps::Trap;

/// Bytes of a `list<u8>` or `string` in a list.
const LIST: u32 = 8;

/// A name that the guest gives.
struct Name {
    bytes: [u8; MAX_NAME],
    len: usize,
}

impl Name {
    fn lift(call: &Call<'_>, address: u32, len: u32) -> Result<Name, Case> {
        let mut bytes = [0; MAX_NAME];
        let lifted = call.lift_string(address, len, &mut bytes);
        let len = lifted.map(|text| text.len()).ok_or(Case::invalid_syntax)?;
        Ok(Name { bytes, len })
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The error for the guest; what the host does not keep traps.
fn case(error: FieldsError) -> Case {
    match error {
        FieldsError::Syntax => Case::invalid_syntax,
        FieldsError::Forbidden => Case::forbidden,
        FieldsError::TooLarge => trap::raise(Trap::HostMemory),
    }
}

fn get(call: &Call<'_>, this: u32) -> (u32, FieldsView) {
    let number = call.borrow(this, Resource::Fields);
    (number, objects::fields(number))
}

/// A handle of fields of their own.
pub fn own(call: &Call<'_>, fields: Fields) -> u32 {
    let view = FieldsView {
        fields,
        immutable: false,
    };
    call.own(Resource::Fields, objects::add(Object::Fields(view), None))
}

/// A handle of the fields of a message, which is the object with the number `parent`.
pub fn view(call: &Call<'_>, fields: Fields, parent: u32) -> u32 {
    let view = FieldsView {
        fields,
        immutable: true,
    };
    let object = objects::add(Object::Fields(view), Some(parent));
    call.own(Resource::Fields, object)
}

/// The fields of a handle that the guest gives up: a list that nobody else has.
pub fn take(call: &Call<'_>, handle: u32) -> Fields {
    let number = call.take(handle, Resource::Fields);
    match objects::remove(number) {
        Object::Fields(FieldsView {
            fields,
            immutable: false,
        }) => fields,
        Object::Fields(view) => copy(view.fields),
        _ => trap::raise(Trap::UnknownHandle),
    }
}

fn copy(fields: Fields) -> Fields {
    match heap::with(|heap| fields.copy(heap)) {
        Ok(copy) => copy,
        Err(_) => trap::raise(Trap::HostMemory),
    }
}

/// Makes empty fields.
pub fn fields_new(call: &Call<'_>) -> u32 {
    own(call, Fields::NONE)
}

/// Makes fields of a list of names and values.
pub fn fields_from_list(call: &Call<'_>, entries: u32, entries_len: u32, ret: u32) {
    let layout = layout::NEW_FIELDS;
    let place = call.place(ret, layout.size, layout.align);
    let list = call.list(entries, entries_len, 2 * LIST, 4);
    let mut fields = Fields::NONE;
    let mut made = Ok(());
    for at in 0..entries_len {
        let at = at * 2 * LIST;
        let name = Name::lift(call, list.get(at), list.get(at + 4));
        let value = (list.get(at + LIST), list.get(at + LIST + 4));
        made = made.and(name.and_then(|name| append(call, &mut fields, name.get(), value)));
        if made.is_err() {
            break;
        }
    }
    match made {
        Ok(()) => {
            place.put(0, 0u8);
            place.put(layout.payload, own(call, fields));
        }
        Err(error) => {
            heap::with(|heap| fields.free(heap));
            place.put(0, 1u8);
            place.put(layout.payload, error as u8);
        }
    }
}

/// Adds a field whose value the guest has at an address, with a length.
fn append(
    call: &Call<'_>,
    fields: &mut Fields,
    name: &[u8],
    (address, len): (u32, u32),
) -> Result<(), Case> {
    let value = call.bytes(address, len);
    let appended = heap::with(|heap| {
        fields.append(heap, name, value.len(), |room| {
            value.copy_to(room);
        })
    });
    appended.map_err(case)
}

/// Gives the values of a field.
pub fn fields_get(call: &Call<'_>, this: u32, name: u32, name_len: u32, ret: u32) {
    let place = call.place(ret, layout::LIST.size, layout::LIST.align);
    let (_, view) = get(call, this);
    let name = Name::lift(call, name, name_len);
    let named = |field: &Field, heap: &heap::Heap| match &name {
        Ok(name) => field.name(heap).eq_ignore_ascii_case(name.get()),
        Err(_) => false,
    };
    let count = heap::with(|heap| {
        let fields = view.fields.iter(heap);
        fields.filter(|field| named(field, heap)).count() as u32
    });
    let (address, list) = call.allocate(count.saturating_mul(LIST), 4);
    for at in 0..count {
        let nth = |heap: &heap::Heap| {
            let mut fields = view.fields.iter(heap);
            fields
                .by_ref()
                .filter(|field| named(field, heap))
                .nth(at as usize)
        };
        put_value(call, &list, at * LIST, nth);
    }
    place.put(0, address);
    place.put(4, count);
}

/// Gives the guest the value of a field, at an offset of a list.
fn put_value(
    call: &Call<'_>,
    list: &crate::guest::call::Place<'_>,
    at: u32,
    find: impl Fn(&heap::Heap) -> Option<Field>,
) {
    let len = heap::with(|heap| find(heap).map_or(0, |field| field.value(heap).len()));
    let (address, room) = call.allocate(len as u32, 1);
    heap::with(|heap| {
        if let Some(field) = find(heap) {
            room.bytes.copy_from(field.value(heap));
        }
    });
    list.put(at, address);
    list.put(at + 4, len as u32);
}

/// Says whether there is a field with a name.
pub fn fields_has(call: &Call<'_>, this: u32, name: u32, name_len: u32) -> u32 {
    let (_, view) = get(call, this);
    match Name::lift(call, name, name_len) {
        Ok(name) => heap::with(|heap| {
            let has = view.fields.named(heap, name.get()).next().is_some();
            u32::from(has)
        }),
        Err(_) => 0,
    }
}

/// Changes fields, unless they are those of a message.
fn change(
    call: &Call<'_>,
    this: u32,
    (name, name_len): (u32, u32),
    ret: u32,
    change: impl FnOnce(&mut Fields, &[u8]) -> Result<(), Case>,
) {
    let place = call.place(ret, layout::UNIT.size, layout::UNIT.align);
    let (number, mut view) = get(call, this);
    let name = Name::lift(call, name, name_len);
    let changed = match view.immutable {
        true => Err(Case::immutable),
        false => name.and_then(|name| {
            check_name(name.get()).map_err(case)?;
            change(&mut view.fields, name.get())
        }),
    };
    objects::set(number, Object::Fields(view));
    put_unit(&place, layout::UNIT, changed);
}

fn put_unit(place: &crate::guest::call::Place<'_>, layout: Layout, result: Result<(), Case>) {
    match result {
        Ok(()) => place.put(0, 0u8),
        Err(error) => {
            place.put(0, 1u8);
            place.put(layout.payload, error as u8);
        }
    }
}

/// Puts values in the place of those of a field.
pub fn fields_set(
    call: &Call<'_>,
    this: u32,
    name: u32,
    name_len: u32,
    value: u32,
    value_len: u32,
    ret: u32,
) {
    let list = call.list(value, value_len, LIST, 4);
    change(call, this, (name, name_len), ret, |fields, name| {
        // Nothing is changed unless all can be.
        let mut added = Fields::NONE;
        for at in 0..value_len {
            let value = (list.get(at * LIST), list.get(at * LIST + 4));
            if let Err(error) = append(call, &mut added, name, value) {
                heap::with(|heap| added.free(heap));
                return Err(error);
            }
        }
        heap::with(|heap| {
            fields.remove(heap, name);
            fields.join(heap, added).map_err(case)
        })
    });
}

/// Removes a field.
pub fn fields_delete(call: &Call<'_>, this: u32, name: u32, name_len: u32, ret: u32) {
    change(call, this, (name, name_len), ret, |fields, name| {
        heap::with(|heap| fields.remove(heap, name));
        Ok(())
    });
}

/// Adds a value to a field.
pub fn fields_append(
    call: &Call<'_>,
    this: u32,
    name: u32,
    name_len: u32,
    value: u32,
    value_len: u32,
    ret: u32,
) {
    change(call, this, (name, name_len), ret, |fields, name| {
        append(call, fields, name, (value, value_len))
    });
}

/// Gives names and values, in the order in which they were added; names are lower case.
pub fn fields_entries(call: &Call<'_>, this: u32, ret: u32) {
    let place = call.place(ret, layout::LIST.size, layout::LIST.align);
    let (_, view) = get(call, this);
    let count = view.fields.count();
    let (address, list) = call.allocate(count.saturating_mul(2 * LIST), 4);
    let mut next = heap::with(|heap| view.fields.iter(heap).next());
    for at in (0..count).map(|at| at * 2 * LIST) {
        let Some(field) = next else { break };
        let len = heap::with(|heap| field.name(heap).len());
        text::lower(call, &list, at, len, |room| {
            heap::with(|heap| room.write(field.name(heap)));
        });
        put_value(call, &list, at + LIST, |_| Some(field));
        next = heap::with(|heap| field.next(heap));
    }
    place.put(0, address);
    place.put(4, count);
}

/// Makes a copy, which can be changed.
pub fn fields_clone(call: &Call<'_>, this: u32) -> u32 {
    let (_, view) = get(call, this);
    own(call, copy(view.fields))
}

/// Drops `fields`.
pub fn drop_fields(object: u32) {
    if let Object::Fields(FieldsView {
        fields,
        immutable: false,
    }) = objects::remove(object)
    {
        heap::with(|heap| fields.free(heap));
    }
}
