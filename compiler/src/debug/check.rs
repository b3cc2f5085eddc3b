//! Is the debugging information of a module of a size that its bytes warrant?
//!
//! Entries may refer to the same list of ranges or places again and again, and nest without end.
//! What follows reads all of it several times and recurses into entries, so this is found out first.

use gimli::{AttributeValue, DebuggingInformationEntry, Dwarf, UnitRef};

use crate::dwarf::sections::{Malformed, Reader};
use crate::dwarf::source::Units;

/// How deep entries may be nested.
const MAX_DEPTH: isize = 512;
/// How many elements all lists may have, for each byte of the sections: one takes a byte at least.
const LISTS_PER_BYTE: usize = 2;

pub(super) fn check(dwarf: &Dwarf<Reader<'_>>, bytes: usize) -> Result<(), Malformed> {
    let mut left = bytes.saturating_mul(LISTS_PER_BYTE);
    let units = Units::read(dwarf)?;
    for unit in units.iter() {
        let mut entries = unit.entries_raw(None)?;
        let mut entry = DebuggingInformationEntry::null();
        while !entries.is_empty() {
            if !entries.read_entry(&mut entry)? {
                continue;
            }
            if entry.depth > MAX_DEPTH {
                return Err(Malformed("its entries are nested too deeply".to_owned()));
            }
            for attribute in &entry.attrs {
                count(unit, attribute.value(), &mut left)?;
            }
        }
    }
    Ok(())
}

fn count<'a>(
    unit: UnitRef<'_, Reader<'a>>,
    value: AttributeValue<Reader<'a>>,
    left: &mut usize,
) -> Result<(), Malformed> {
    let mut take = |amount: usize| {
        *left = left
            .checked_sub(amount)
            .ok_or_else(|| Malformed("its lists repeat themselves".to_owned()))?;
        Ok::<_, Malformed>(())
    };
    if let Some(offset) = unit.attr_locations_offset(value)? {
        let mut list = unit.raw_locations(offset)?;
        while let Some(location) = list.next()? {
            use gimli::RawLocListEntry as Entry;
            let data = match location {
                Entry::AddressOrOffsetPair { data, .. }
                | Entry::StartxEndx { data, .. }
                | Entry::StartxLength { data, .. }
                | Entry::OffsetPair { data, .. }
                | Entry::DefaultLocation { data }
                | Entry::StartEnd { data, .. }
                | Entry::StartLength { data, .. } => data.0.len(),
                Entry::BaseAddress { .. } | Entry::BaseAddressx { .. } => 0,
            };
            take(1 + data)?;
        }
    } else if let Some(offset) = unit.attr_ranges_offset(value)? {
        let mut list = unit.raw_ranges(offset)?;
        while list.next()?.is_some() {
            take(1)?;
        }
    }
    Ok(())
}
