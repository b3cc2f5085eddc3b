//! What becomes of the entries of a module's debugging information?

#![expect(
    non_upper_case_globals,
    reason = "the names are the standard's, and used in patterns"
)]

use gimli::constants::*;
use gimli::write::{
    AttributeValue, ConvertUnit, ConvertUnitEntry, Dwarf, Expression, FilterUnitSection, Location,
    LocationList, Range, RangeList, UnitEntryId,
};
use gimli::{AttributeValue as Value, DwAt, DwTag, Encoding, UnitRef};

use super::address::{AddressMap, NativeFunction};
use super::expression::{self, Machine, Purpose, address, translate};
use super::lines;
use crate::dwarf::sections::{Malformed, Reader};
use crate::dwarf::source::is_dead;

/// Bytes of the machine's addresses. With those of WebAssembly, debuggers cut the frame pointer
/// down to them, too.
const ADDRESS_BYTES: u8 = 8;

/// Names of functions that stand for `main` in C: with one of them debuggers do not find `main`.
const MAINS: [&[u8]; 3] = [b"__main_argc_argv", b"__main_void", b"__original_main"];

/// Converts what lives of a module's debugging information.
pub(super) fn convert(
    out: &mut Dwarf,
    dwarf: &gimli::Dwarf<Reader<'_>>,
    map: &AddressMap,
    machine: Machine,
) -> Result<(), Malformed> {
    let mut filter = FilterUnitSection::new(dwarf)?;
    while let Some(mut unit) = filter.read_unit()? {
        let read_unit = unit.read_unit;
        let mut entry = unit.null_entry();
        while unit.read_entry(&mut entry)? {
            let value = |name| entry.attr_value(name);
            let lives = match entry.tag {
                DW_TAG_subprogram => code_of(read_unit, value(DW_AT_low_pc), map)?.is_some(),
                DW_TAG_variable => has_address(read_unit, value(DW_AT_location)),
                _ => false,
            };
            if lives {
                unit.require_entry(entry.offset);
            }
        }
    }
    let mut section = out.convert_with_filter(filter)?;
    while let Some((mut unit, root)) = section.read_unit()? {
        convert_unit(&mut unit, root, map, machine)?;
    }
    Ok(())
}

/// The machine code of a function, by the address of its first instruction.
fn code_of<'a, 'm>(
    unit: UnitRef<'_, Reader<'a>>,
    low: Option<Value<Reader<'a>>>,
    map: &'m AddressMap,
) -> Result<Option<&'m NativeFunction>, Malformed> {
    let low = match low {
        Some(low) => unit.attr_address(low)?,
        None => None,
    };
    let lives = low.filter(|low| !is_dead(*low));
    Ok(lives.and_then(|low| map.function(low)))
}

/// Whether a variable is at a constant place in memory: not one that the linker has dropped.
fn has_address<'a>(unit: UnitRef<'_, Reader<'a>>, location: Option<Value<Reader<'a>>>) -> bool {
    let Some(Value::Exprloc(expression)) = location else {
        return false;
    };
    let mut operations = expression.operations(unit.encoding());
    match operations.next() {
        Ok(Some(gimli::Operation::Address { address })) => !is_dead(address),
        Ok(Some(gimli::Operation::AddressIndex { index })) => {
            unit.address(index).is_ok_and(|address| !is_dead(address))
        }
        _ => false,
    }
}

/// Where an entry stands: in which function.
struct Scope<'m> {
    depth: isize,
    function: Option<&'m NativeFunction>,
}

fn convert_unit<'u, 'a>(
    unit: &mut ConvertUnit<'u, Reader<'a>>,
    root: ConvertUnitEntry<'u, Reader<'a>>,
    map: &AddressMap,
    machine: Machine,
) -> Result<(), Malformed> {
    let encoding = Encoding {
        address_size: ADDRESS_BYTES,
        ..unit.read_unit.encoding()
    };
    unit.unit.set_encoding(encoding);
    lines::convert(unit, encoding, map)?;
    let root_id = unit.unit.root();
    convert_attributes(unit, root_id, &root, None, machine);
    let mut code: Vec<(u64, u64)> = Vec::new();
    let mut scopes: Vec<Scope<'_>> = Vec::new();
    // Entries below one that is left out are left out, too.
    let mut left_out: Option<isize> = None;
    let mut is_empty = true;
    let mut entry = root;
    while let Some(id) = unit.read_entry(&mut entry)? {
        if left_out.is_some_and(|depth| entry.depth > depth) {
            continue;
        }
        left_out = None;
        let Some(id) = id else {
            continue;
        };
        while scopes
            .last()
            .is_some_and(|scope| scope.depth >= entry.depth)
        {
            scopes.pop();
        }
        let mut function = scopes.last().and_then(|scope| scope.function);
        let read_unit = entry.read_unit;
        let mut ranges = Vec::new();
        match entry.tag {
            DW_TAG_subprogram => {
                function = code_of(read_unit, entry.attr_value(DW_AT_low_pc), map)?;
                scopes.push(Scope {
                    depth: entry.depth,
                    function,
                });
                if let Some(function) = function {
                    ranges.push((function.start, function.end));
                    code.push((function.start, function.end));
                }
            }
            DW_TAG_lexical_block
            | DW_TAG_inlined_subroutine
            | DW_TAG_try_block
            | DW_TAG_catch_block => {
                if let Some(function) = function {
                    ranges = ranges_of(read_unit, &entry, function, map)?;
                }
                // What has no code any more cannot be stopped in.
                if ranges.is_empty() && function.is_some() {
                    left_out = Some(entry.depth);
                    continue;
                }
            }
            // Only of use with what is known of registers at calls.
            DW_TAG_call_site | DW_TAG_GNU_call_site | DW_TAG_label => {
                left_out = Some(entry.depth);
                continue;
            }
            _ => {}
        }
        is_empty = false;
        let id = unit.add_entry(Some(id), &entry);
        convert_attributes(unit, id, &entry, function, machine);
        if let Some(function) = function {
            convert_locations(unit, id, &entry, function, map, machine)?;
        }
        if is_pointer(entry.tag) && machine.pointer_bytes != ADDRESS_BYTES {
            let bytes = AttributeValue::Udata(machine.pointer_bytes.into());
            unit.unit.get_mut(id).set(DW_AT_byte_size, bytes);
        }
        set_ranges(unit, id, &ranges);
    }
    if is_empty {
        unit.skip();
        return Ok(());
    }
    code.sort_unstable();
    code.dedup();
    // Also if it is one: lists of ranges and places count from the unit's `DW_AT_low_pc`.
    let list = unit.unit.ranges.add(range_list(&code, encoding));
    let root = unit.unit.get_mut(root_id);
    root.set(DW_AT_low_pc, AttributeValue::Address(address(0)));
    root.set(DW_AT_ranges, AttributeValue::RangeListRef(list));
    Ok(())
}

fn is_pointer(tag: DwTag) -> bool {
    matches!(
        tag,
        DW_TAG_pointer_type
            | DW_TAG_reference_type
            | DW_TAG_rvalue_reference_type
            | DW_TAG_ptr_to_member_type
    )
}

/// The machine code of a lexical scope of a function.
fn ranges_of<'a>(
    unit: UnitRef<'_, Reader<'a>>,
    entry: &ConvertUnitEntry<'_, Reader<'a>>,
    function: &NativeFunction,
    map: &AddressMap,
) -> Result<Vec<(u64, u64)>, Malformed> {
    let mut found = Vec::new();
    let mut ranges = unit.die_ranges(&entry.read_entry)?;
    while let Some(range) = ranges.next()? {
        if !is_dead(range.begin) {
            found.extend(map.native_ranges(function, range.begin, range.end)?);
        }
    }
    found.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (begin, end) in found {
        match merged.last_mut() {
            Some((_, last)) if *last >= begin => *last = end.max(*last),
            _ => merged.push((begin, end)),
        }
    }
    Ok(merged)
}

fn range_list(ranges: &[(u64, u64)], encoding: Encoding) -> RangeList {
    let mut list = Vec::with_capacity(ranges.len() + 1);
    match ranges {
        [(base, _), ..] if encoding.version >= 5 => {
            list.push(Range::BaseAddress {
                address: address(*base),
            });
            list.extend(ranges.iter().map(|(begin, end)| Range::OffsetPair {
                begin: begin - base,
                end: end - base,
            }));
        }
        _ => list.extend(ranges.iter().map(|(begin, end)| Range::StartEnd {
            begin: address(*begin),
            end: address(*end),
        })),
    }
    RangeList(list)
}

fn set_ranges(unit: &mut ConvertUnit<'_, Reader<'_>>, id: UnitEntryId, ranges: &[(u64, u64)]) {
    let encoding = unit.unit.encoding();
    match *ranges {
        [] => {}
        [(begin, end)] => {
            let high = match encoding.version {
                ..4 => AttributeValue::Address(address(end)),
                _ => AttributeValue::Udata(end - begin),
            };
            let entry = unit.unit.get_mut(id);
            entry.set(DW_AT_low_pc, AttributeValue::Address(address(begin)));
            entry.set(DW_AT_high_pc, high);
        }
        _ => {
            let list = unit.unit.ranges.add(range_list(ranges, encoding));
            let value = AttributeValue::RangeListRef(list);
            unit.unit.get_mut(id).set(DW_AT_ranges, value);
        }
    }
}

/// Converts the attributes of an entry that do not depend on where its code lies. What cannot be
/// converted is left out.
fn convert_attributes<'a>(
    unit: &mut ConvertUnit<'_, Reader<'a>>,
    id: UnitEntryId,
    entry: &ConvertUnitEntry<'_, Reader<'a>>,
    function: Option<&NativeFunction>,
    machine: Machine,
) {
    let read_unit = entry.read_unit;
    for attribute in &entry.attrs {
        let name = attribute.name();
        let value = match attribute.value() {
            _ if is_left_out(name) => continue,
            Value::Addr(_) | Value::DebugAddrIndex(_) => continue,
            Value::LocationListsRef(_) | Value::DebugLocListsIndex(_) => continue,
            Value::RangeListsRef(_) | Value::DebugRngListsIndex(_) => continue,
            Value::Exprloc(found) if name == DW_AT_frame_base => {
                let encoding = read_unit.encoding();
                function
                    .and_then(|function| expression::frame_base(found, encoding, function, machine))
            }
            .map(AttributeValue::Exprloc),
            Value::Exprloc(found) => {
                translate(found, read_unit, function, machine, purpose_of(name))
                    .map(AttributeValue::Exprloc)
            }
            Value::DebugStrRef(_) | Value::DebugStrOffsetsIndex(_) | Value::String(_)
                if is_linkage_name(name) && is_main(read_unit, attribute.value()) =>
            {
                continue;
            }
            _ => unit
                .convert_attribute_value(read_unit, attribute, &|_| None)
                .ok(),
        };
        if let Some(value) = value {
            unit.unit.get_mut(id).set(name, value);
        }
    }
}

/// Attributes that are set anew, or that mean nothing for this machine's code.
fn is_left_out(name: DwAt) -> bool {
    matches!(
        name,
        DW_AT_low_pc
            | DW_AT_high_pc
            | DW_AT_ranges
            | DW_AT_entry_pc
            | DW_AT_GNU_entry_view
            | DW_AT_GNU_locviews
            | DW_AT_GNU_pubnames
            | DW_AT_GNU_pubtypes
            | DW_AT_GNU_macros
            | DW_AT_GNU_all_call_sites
            | DW_AT_GNU_all_source_call_sites
            | DW_AT_GNU_all_tail_call_sites
            | DW_AT_call_all_calls
            | DW_AT_call_all_source_calls
            | DW_AT_call_all_tail_calls
            | DW_AT_macro_info
            | DW_AT_macros
            | DW_AT_signature
    )
}

fn is_linkage_name(name: DwAt) -> bool {
    matches!(name, DW_AT_linkage_name | DW_AT_MIPS_linkage_name)
}

fn is_main<'a>(unit: UnitRef<'_, Reader<'a>>, name: Value<Reader<'a>>) -> bool {
    unit.attr_string(name)
        .is_ok_and(|name| MAINS.contains(&name.slice()))
}

fn purpose_of(name: DwAt) -> Purpose {
    match name {
        DW_AT_data_member_location => Purpose::Member,
        DW_AT_location | DW_AT_string_length | DW_AT_data_location => Purpose::Location,
        _ => Purpose::Number,
    }
}

/// Converts the lists of places of an entry of a function.
fn convert_locations<'a>(
    unit: &mut ConvertUnit<'_, Reader<'a>>,
    id: UnitEntryId,
    entry: &ConvertUnitEntry<'_, Reader<'a>>,
    function: &NativeFunction,
    map: &AddressMap,
    machine: Machine,
) -> Result<(), Malformed> {
    let read_unit = entry.read_unit;
    for attribute in &entry.attrs {
        let name = attribute.name();
        let offset = match attribute.value() {
            Value::LocationListsRef(_) | Value::DebugLocListsIndex(_) => {
                read_unit.attr_locations_offset(attribute.value())?
            }
            _ => None,
        };
        let Some(offset) = offset.filter(|_| name != DW_AT_frame_base) else {
            continue;
        };
        let mut found: Vec<(u64, u64, Expression)> = Vec::new();
        let mut list = read_unit.locations(offset)?;
        while let Some(location) = list.next()? {
            let range = location.range;
            let Some(expression) = translate(
                location.data,
                read_unit,
                Some(function),
                machine,
                purpose_of(name),
            ) else {
                continue;
            };
            for (begin, end) in map.native_ranges(function, range.begin, range.end)? {
                found.push((begin, end, expression.clone()));
            }
        }
        if !found.is_empty() {
            let list = location_list(found, function, unit.unit.encoding());
            let list = unit.unit.locations.add(list);
            let value = AttributeValue::LocationListRef(list);
            unit.unit.get_mut(id).set(name, value);
        }
    }
    Ok(())
}

fn location_list(
    mut found: Vec<(u64, u64, Expression)>,
    function: &NativeFunction,
    encoding: Encoding,
) -> LocationList {
    found.sort_by_key(|(begin, end, _)| (*begin, *end));
    let mut list = Vec::with_capacity(found.len() + 1);
    let base = function.start;
    let is_relative = encoding.version >= 5;
    if is_relative {
        list.push(Location::BaseAddress {
            address: address(base),
        });
    }
    list.extend(
        found
            .into_iter()
            .map(|(begin, end, data)| match is_relative {
                true => Location::OffsetPair {
                    begin: begin - base,
                    end: end - base,
                    data,
                },
                false => Location::StartEnd {
                    begin: address(begin),
                    end: address(end),
                    data,
                },
            }),
    );
    LocationList(list)
}
