//! Which lines does a debugger step through?
//!
//! Each function gets a sequence of rows of its own, in the order of the machine code: the optimiser
//! has moved instructions about, so rows cannot be copied from the module's table.

use gimli::write::{Address, ConvertUnit, FileId, LineProgram};
use gimli::{ColumnType, Encoding, LineEncoding, LineRow};

use super::address::{AddressMap, NativeFunction};
use crate::dwarf::sections::{Malformed, Reader};
use crate::dwarf::source::is_dead;

/// A row of a module's table.
#[derive(Clone, Copy)]
struct Row {
    address: u64,
    file: u64,
    line: u64,
    column: u64,
    is_statement: bool,
}

impl Row {
    fn new(row: &LineRow) -> Row {
        Row {
            address: row.address(),
            file: row.file_index(),
            line: row.line().map_or(0, |line| line.get()),
            column: match row.column() {
                ColumnType::LeftEdge => 0,
                ColumnType::Column(column) => column.get(),
            },
            is_statement: row.is_stmt(),
        }
    }

    fn is_line_of(&self, other: &Row) -> bool {
        (self.file, self.line) == (other.file, other.line)
    }
}

/// Makes the line table of a unit.
pub(super) fn convert(
    unit: &mut ConvertUnit<'_, Reader<'_>>,
    encoding: Encoding,
    map: &AddressMap,
) -> Result<(), Malformed> {
    let Some(read) = unit.read_unit.line_program.clone() else {
        return Ok(());
    };
    let encoding = Encoding {
        address_size: encoding.address_size,
        ..read.header().encoding()
    };
    // The module's own parameters of the encoding may make no sense.
    let parameters = LineEncoding::default();
    let Some(convert) = unit.read_line_program(Some(encoding), Some(parameters))? else {
        return Ok(());
    };
    let (mut program, files) = convert.program();
    // Sequences, by the address of the function's machine code: debuggers expect them in order.
    let mut sequences: Vec<(u64, Vec<Row>)> = Vec::new();
    let mut rows = read.rows();
    let mut sequence: Vec<Row> = Vec::new();
    while let Some((_, row)) = rows.next_row()? {
        if !row.end_sequence() {
            sequence.push(Row::new(row));
            continue;
        }
        let sequence = std::mem::take(&mut sequence);
        let Some(first) = sequence.first() else {
            continue;
        };
        if is_dead(first.address) || !sequence.is_sorted_by_key(|row| row.address) {
            continue;
        }
        if let Some(function) = map.function(first.address) {
            sequences.push((function.start, sequence));
        }
    }
    sequences.sort_by_key(|(start, _)| *start);
    sequences.dedup_by_key(|(start, _)| *start);
    for (_, rows) in &sequences {
        if let Some(function) = map.function(rows[0].address) {
            write_sequence(&mut program, &files, function, rows);
        }
    }
    unit.set_line_program(program, files);
    Ok(())
}

fn write_sequence(
    program: &mut LineProgram,
    files: &[FileId],
    function: &NativeFunction,
    rows: &[Row],
) {
    program.begin_sequence(Some(Address::Constant(function.start)));
    // The function's own line comes first: where its prologue ends, debuggers find by the second.
    let mut last = rows[0];
    write_row(program, files, 0, &last, true);
    for piece in &function.pieces {
        let next = rows.partition_point(|row| row.address <= piece.source);
        let Some(row) = next.checked_sub(1).map(|at| rows[at]) else {
            continue;
        };
        let is_new_line = !last.is_line_of(&row);
        if !is_new_line && last.column == row.column {
            continue;
        }
        // The row where a statement begins often gets no code, such as a `local.get`: what follows
        // of the same line then begins it.
        let begins = rows[..next]
            .iter()
            .rev()
            .take_while(|earlier| earlier.is_line_of(&row))
            .any(|earlier| earlier.is_statement);
        let offset = piece.start - function.start;
        write_row(program, files, offset, &row, is_new_line && begins);
        last = row;
    }
    program.end_sequence(function.end - function.start);
}

fn write_row(
    program: &mut LineProgram,
    files: &[FileId],
    offset: u64,
    row: &Row,
    is_statement: bool,
) {
    // A number out of range is an error of the module's table.
    let Some(&file) = files.get(row.file as usize) else {
        return;
    };
    let next = program.row();
    next.address_offset = offset;
    next.file = file;
    next.line = row.line;
    next.column = row.column;
    next.is_statement = is_statement;
    program.generate_row();
}
