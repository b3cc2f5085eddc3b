//! A module with debugging information, made here: for tests that need no compiler of C.
//!
//! ```c
//!  1  int counter = 7;
//!  2
//!  3  int divide(int n) {
//!  4    return ratio(n);        // inlined: static int ratio(int n) {
//!  …                            // 8        return 10 / n;
//! 20  void _start(void) {
//! 21    divide(0);
//! 22  }
//! ```

use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, Expression, LineProgram, LineString, Sections,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian};
use wasm_encoder::{CustomSection, Encode, Section as _};
use wasmparser::{Parser, Payload};

/// The text of the module. The functions' names are mangled: by C++, and by nobody.
const TEXT: &str = r#"(module
  (memory (export "memory") 2)
  (global $stack (mut i32) (i32.const 65536))
  (data (i32.const 1024) "\07\00\00\00")
  (func $_ZN4demo6divideEi (param $n i32) (result i32)
    (local $frame i32)
    (local.set $frame (i32.sub (global.get $stack) (i32.const 16)))
    (i32.store offset=12 (local.get $frame) (local.get $n))
    i32.const 10
    (i32.load offset=12 (local.get $frame))
    i32.div_s)
  (func (export "_start")
    (drop (call $_ZN4demo6divideEi (i32.const 0)))))"#;

/// What the module's compiler knew of a function.
struct Function {
    name: &'static str,
    /// Indices of operators, and the lines that begin there.
    lines: &'static [(usize, u64)],
    /// Operators that come from a function called on a line, and its name as mangled.
    inlined: Option<(std::ops::Range<usize>, &'static str, u64)>,
}

const FUNCTIONS: [Function; 2] = [
    Function {
        name: "divide",
        lines: &[(0, 3), (4, 4), (7, 8)],
        inlined: Some((7..11, "_ZN4demo5ratioEi", 4)),
    },
    Function {
        name: "_start",
        lines: &[(0, 20), (1, 21), (3, 22)],
        inlined: None,
    },
];

/// The module without debugging information.
pub fn plain_module() -> Vec<u8> {
    wat::parse_str(TEXT).expect("the text is a module")
}

/// The module with debugging information of a version of DWARF.
pub fn module(version: u16) -> Vec<u8> {
    let mut module = plain_module();
    for (name, content) in sections(&module, version) {
        let section = CustomSection {
            name: name.into(),
            data: content.into(),
        };
        module.push(section.id());
        section.encode(&mut module);
    }
    module
}

/// Addresses of the functions: starts, those of each operator, and ends.
fn addresses(module: &[u8]) -> Vec<(u64, Vec<u64>, u64)> {
    let mut code_start = 0;
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.expect("the module is valid") {
            Payload::CodeSectionStart {
                unchecked_range, ..
            } => code_start = unchecked_range.start,
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let operators = body.get_operators_reader().expect("the module is valid");
                let operators = operators.into_iter_with_offsets();
                let at = operators.map(|operator| operator.expect("valid").1 - code_start);
                let at = at.collect();
                functions.push((range.start - code_start, at, range.end - code_start));
            }
            _ => {}
        }
    }
    functions
}

/// The custom sections: names and contents.
fn sections(module: &[u8], version: u16) -> Vec<(&'static str, Vec<u8>)> {
    let encoding = Encoding {
        address_size: 4,
        format: Format::Dwarf32,
        version,
    };
    let constant = Address::Constant;
    let mut dwarf = DwarfUnit::new(encoding);
    let text = |text: &str| LineString::String(text.into());
    let file = text("a.c");
    let mut lines = LineProgram::new(
        encoding,
        LineEncoding::default(),
        text("/src"),
        None,
        file.clone(),
        None,
    );
    let folder = lines.default_directory();
    let file = lines.add_file(file, folder, None);
    let functions = addresses(module);
    for (function, (start, operators, end)) in FUNCTIONS.iter().zip(&functions) {
        lines.begin_sequence(Some(constant(*start)));
        for &(operator, line) in function.lines {
            let row = lines.row();
            row.address_offset = match operator {
                0 => 0,
                operator => operators[operator] - start,
            };
            row.file = file;
            row.line = line;
            row.is_statement = true;
            lines.generate_row();
        }
        lines.end_sequence(end - start);
    }
    dwarf.unit.line_program = lines;

    let unit = &mut dwarf.unit;
    let root = unit.root();
    let string = |text: &str| AttributeValue::String(text.into());
    let entry = unit.get_mut(root);
    entry.set(gimli::DW_AT_producer, string("clang version 20"));
    entry.set(
        gimli::DW_AT_language,
        AttributeValue::Language(gimli::DW_LANG_C11),
    );
    entry.set(gimli::DW_AT_name, string("a.c"));
    entry.set(gimli::DW_AT_comp_dir, string("/src"));
    entry.set(gimli::DW_AT_stmt_list, AttributeValue::LineProgramRef);
    entry.set(gimli::DW_AT_low_pc, AttributeValue::Address(constant(0)));

    let int = unit.add(root, gimli::DW_TAG_base_type);
    let entry = unit.get_mut(int);
    entry.set(gimli::DW_AT_name, string("int"));
    entry.set(
        gimli::DW_AT_encoding,
        AttributeValue::Encoding(gimli::DW_ATE_signed),
    );
    entry.set(gimli::DW_AT_byte_size, AttributeValue::Udata(4));
    let pointer = unit.add(root, gimli::DW_TAG_pointer_type);
    unit.get_mut(pointer)
        .set(gimli::DW_AT_type, AttributeValue::UnitRef(int));
    for (name, address, ty) in [("counter", 1024, int), ("pointer", 1028, pointer)] {
        let mut place = Expression::new();
        place.op_addr(constant(address));
        let variable = unit.add(root, gimli::DW_TAG_variable);
        let entry = unit.get_mut(variable);
        entry.set(gimli::DW_AT_name, string(name));
        entry.set(gimli::DW_AT_type, AttributeValue::UnitRef(ty));
        entry.set(gimli::DW_AT_location, AttributeValue::Exprloc(place));
    }
    for (function, (start, operators, end)) in FUNCTIONS.iter().zip(&functions) {
        let inlined = function.inlined.as_ref().map(|(range, name, line)| {
            let id = unit.add(root, gimli::DW_TAG_subprogram);
            let entry = unit.get_mut(id);
            entry.set(gimli::DW_AT_name, string("ratio"));
            entry.set(gimli::DW_AT_linkage_name, string(name));
            entry.set(
                gimli::DW_AT_inline,
                AttributeValue::Inline(gimli::DW_INL_inlined),
            );
            (id, operators[range.start]..operators[range.end], *line)
        });
        let id = unit.add(root, gimli::DW_TAG_subprogram);
        let mut base = Expression::new();
        base.op_wasm_local(1);
        base.op(gimli::DW_OP_stack_value);
        let entry = unit.get_mut(id);
        entry.set(gimli::DW_AT_name, string(function.name));
        entry.set(
            gimli::DW_AT_low_pc,
            AttributeValue::Address(constant(*start)),
        );
        entry.set(gimli::DW_AT_high_pc, AttributeValue::Udata(end - start));
        entry.set(gimli::DW_AT_frame_base, AttributeValue::Exprloc(base));
        if let Some((origin, range, line)) = inlined {
            let mut place = Expression::new();
            place.op_fbreg(12);
            let param = unit.add(id, gimli::DW_TAG_formal_parameter);
            let entry = unit.get_mut(param);
            entry.set(gimli::DW_AT_name, string("n"));
            entry.set(gimli::DW_AT_type, AttributeValue::UnitRef(int));
            entry.set(gimli::DW_AT_location, AttributeValue::Exprloc(place));
            let call = unit.add(id, gimli::DW_TAG_inlined_subroutine);
            let entry = unit.get_mut(call);
            entry.set(
                gimli::DW_AT_abstract_origin,
                AttributeValue::UnitRef(origin),
            );
            let bytes = range.end - range.start;
            entry.set(
                gimli::DW_AT_low_pc,
                AttributeValue::Address(constant(range.start)),
            );
            entry.set(gimli::DW_AT_high_pc, AttributeValue::Udata(bytes));
            entry.set(
                gimli::DW_AT_call_file,
                AttributeValue::FileIndex(Some(file)),
            );
            entry.set(gimli::DW_AT_call_line, AttributeValue::Udata(line));
        }
    }
    let mut out = Sections::new(EndianVec::new(LittleEndian));
    dwarf
        .write(&mut out)
        .expect("the information can be written");
    let mut found = Vec::new();
    let collected: gimli::write::Result<()> = out.for_each(|id, section| {
        if !section.slice().is_empty() {
            found.push((id.name(), section.slice().to_vec()));
        }
        Ok(())
    });
    collected.expect("nothing fails");
    found
}
