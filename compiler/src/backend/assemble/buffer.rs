//! Code in which jumps are as short as they can be, and everything that refers to places in it.

use cranelift_codegen::ir::{TrapCode, UserExternalNameRef};

use super::super::encode::{Instruction, Rm, encode};

/// A place in the code that jumps lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label(u32);

/// A position: so many bytes, and so many jumps and gaps, come before it.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    bytes: u32,
    jumps: u32,
}

/// What is as long as it must be.
struct Jump {
    /// Bytes before it.
    bytes: u32,
    /// `None` if it is always taken.
    code: Option<u8>,
    /// `None` if this is no jump but a gap, behind which a loop begins.
    to: Option<Label>,
    is_long: bool,
}

/// Loops begin at multiples of this many bytes, so that as few lines as possible hold them.
const LOOP_ALIGNMENT: u32 = 32;

/// Instructions that do nothing, by their length.
const NOPS: [&[u8]; 9] = [
    &[0x90],
    &[0x66, 0x90],
    &[0x0f, 0x1f, 0x00],
    &[0x0f, 0x1f, 0x40, 0x00],
    &[0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
    &[0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];

/// What an operand that lies behind the code refers to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Data {
    Constant(u32),
    Table(u32),
}

/// What is being assembled.
#[derive(Default)]
pub(super) struct Buffer {
    code: Vec<u8>,
    jumps: Vec<Jump>,
    labels: Vec<Option<Position>>,
    relocs: Vec<(Position, bool, UserExternalNameRef, i64)>,
    traps: Vec<(Position, TrapCode)>,
    lines: Vec<(Position, u32)>,
    /// Return addresses, and where exceptions go on.
    landings: Vec<(Position, Label)>,
    /// Displacements of operands behind the code: their position, and the bytes from there to the
    /// instruction's end.
    data: Vec<(Position, u32, Data)>,
    constants: Vec<(u64, u8)>,
    tables: Vec<Vec<Label>>,
}

/// A finished function.
#[derive(Debug)]
pub(in super::super) struct Finished {
    pub code: Vec<u8>,
    /// Offset, whether it is a call's, of which symbol, plus what.
    pub relocs: Vec<(u32, bool, UserExternalNameRef, i64)>,
    pub traps: Vec<(u32, TrapCode)>,
    pub lines: Vec<(u32, u32)>,
    /// Offsets of return addresses, ascending, and of what goes on with an exception.
    pub landings: Vec<(u32, u32)>,
}

const SHORT: u32 = 2;

impl Jump {
    /// How long it is at an offset.
    fn size(&self, at: u32) -> u32 {
        match (self.to, self.is_long, self.code) {
            (None, ..) => at.next_multiple_of(LOOP_ALIGNMENT) - at,
            (_, false, _) => SHORT,
            (_, true, None) => 5,
            (_, true, Some(_)) => 6,
        }
    }
}

impl Buffer {
    pub fn new(constants: &[(u64, u8)]) -> Buffer {
        Buffer {
            constants: constants.to_vec(),
            ..Buffer::default()
        }
    }

    fn here(&self) -> Position {
        Position {
            bytes: self.code.len() as u32,
            jumps: self.jumps.len() as u32,
        }
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.code.extend_from_slice(bytes);
    }

    /// Appends an instruction without operands behind the code.
    pub fn inst(&mut self, inst: Instruction) {
        debug_assert_ne!(inst.rm, Rm::Relative);
        encode(&mut self.code, inst);
    }

    /// Appends an instruction whose operand is data behind the code.
    pub fn with_data(&mut self, inst: Instruction, data: Data) {
        let (position, rest) = self.relative(inst);
        self.data.push((position, rest, data));
    }

    /// Appends an instruction whose operand is at a symbol.
    pub fn with_symbol(&mut self, inst: Instruction, symbol: UserExternalNameRef, addend: i64) {
        let (position, rest) = self.relative(inst);
        let addend = addend - i64::from(rest);
        self.relocs.push((position, false, symbol, addend));
    }

    fn relative(&mut self, inst: Instruction) -> (Position, u32) {
        debug_assert_eq!(inst.rm, Rm::Relative);
        let at = encode(&mut self.code, inst).expect("the operand is relative");
        let position = Position {
            bytes: at as u32,
            ..self.here()
        };
        (position, (self.code.len() - at) as u32)
    }

    pub fn call(&mut self, symbol: UserExternalNameRef) {
        self.code.push(0xe8);
        self.relocs.push((self.here(), true, symbol, -4));
        self.code.extend([0; 4]);
    }

    /// Jumps to a function.
    pub fn jump_to(&mut self, symbol: UserExternalNameRef) {
        self.code.push(0xe9);
        self.relocs.push((self.here(), true, symbol, -4));
        self.code.extend([0; 4]);
    }

    /// The next instruction may trap.
    pub fn trap(&mut self, code: TrapCode) {
        self.traps.push((self.here(), code));
    }

    /// A backtrace may name the place that code here comes from.
    pub fn line(&mut self, place: Option<u32>) {
        if let Some(place) = place {
            self.lines.push((self.here(), place));
        }
    }

    /// An exception out of the call that ends here goes on at a label.
    pub fn landing(&mut self, label: Label) {
        self.landings.push((self.here(), label));
    }

    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    pub fn bind(&mut self, label: Label) {
        let here = self.here();
        let before = self.labels[label.0 as usize].replace(here);
        debug_assert!(before.is_none(), "a label is in one place");
    }

    /// Jumps to a label, on a condition code or always.
    pub fn jump(&mut self, code: Option<u8>, to: Label) {
        self.jumps.push(Jump {
            bytes: self.code.len() as u32,
            code,
            to: Some(to),
            is_long: false,
        });
    }

    /// A loop begins here, where its lines do.
    pub fn align_loop(&mut self) {
        self.jumps.push(Jump {
            bytes: self.code.len() as u32,
            code: None,
            to: None,
            is_long: false,
        });
    }

    /// A table of the distances of labels from it.
    pub fn table(&mut self, labels: Vec<Label>) -> Data {
        self.tables.push(labels);
        Data::Table(self.tables.len() as u32 - 1)
    }

    /// Decides how long jumps are, and fills everything in.
    pub fn finish(mut self) -> Finished {
        let mut before = self.lengths();
        // Jumps only grow. Few rounds do; whatever is left then is long.
        for round in 0.. {
            let mut changed = false;
            for number in 0..self.jumps.len() {
                let (Some(to), false) = (self.jumps[number].to, self.jumps[number].is_long) else {
                    continue;
                };
                let end = self.jumps[number].bytes + before[number + 1];
                let to = self.target(to, &before);
                let distance = i64::from(to) - i64::from(end);
                if i8::try_from(distance).is_err() || round > 16 {
                    self.jumps[number].is_long = true;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
            before = self.lengths();
        }
        let offset = |position: Position| position.bytes + before[position.jumps as usize];
        let mut code = Vec::with_capacity(self.code.len() + before[self.jumps.len()] as usize);
        let mut done = 0;
        for (number, jump) in self.jumps.iter().enumerate() {
            code.extend_from_slice(&self.code[done..jump.bytes as usize]);
            done = jump.bytes as usize;
            let end = jump.bytes + before[number + 1];
            let Some(to) = jump.to else {
                let mut rest = end as usize - code.len();
                while rest > 0 {
                    let nop = NOPS[rest.min(NOPS.len()) - 1];
                    code.extend_from_slice(nop);
                    rest -= nop.len();
                }
                continue;
            };
            let distance = self.target(to, &before).wrapping_sub(end) as i32;
            match (jump.is_long, jump.code) {
                (false, code_) => {
                    let opcode = code_.map_or(0xeb, |code| 0x70 + code);
                    code.extend([opcode, distance as i8 as u8]);
                }
                (true, None) => code.push(0xe9),
                (true, Some(condition)) => code.extend([0x0f, 0x80 + condition]),
            }
            if jump.is_long {
                code.extend(distance.to_le_bytes());
            }
        }
        code.extend_from_slice(&self.code[done..]);
        // Tables and constants follow.
        let mut tables = Vec::new();
        for labels in &self.tables {
            code.resize(code.len().next_multiple_of(4), 0xcc);
            let start = code.len() as u32;
            tables.push(start);
            for &label in labels {
                let distance = self.target(label, &before).wrapping_sub(start);
                code.extend(distance.to_le_bytes());
            }
        }
        let mut constants = Vec::new();
        for &(bits, size) in &self.constants {
            code.resize(code.len().next_multiple_of(usize::from(size)), 0xcc);
            constants.push(code.len() as u32);
            code.extend(&bits.to_le_bytes()[..usize::from(size)]);
        }
        for &(position, rest, data) in &self.data {
            let at = offset(position);
            let to = match data {
                Data::Constant(number) => constants[number as usize],
                Data::Table(number) => tables[number as usize],
            };
            let distance = to.wrapping_sub(at + rest);
            code[at as usize..at as usize + 4].copy_from_slice(&distance.to_le_bytes());
        }
        let relocs = self.relocs.iter();
        let traps = self.traps.iter();
        let lines = self.lines.iter();
        let landings = self.landings.iter();
        let mut finished = Finished {
            relocs: relocs
                .map(|&(at, is_call, symbol, addend)| (offset(at), is_call, symbol, addend))
                .collect(),
            traps: traps.map(|&(at, code)| (offset(at), code)).collect(),
            lines: lines.map(|&(at, place)| (offset(at), place)).collect(),
            landings: landings
                .map(|&(at, label)| (offset(at), self.target(label, &before)))
                .collect(),
            code,
        };
        finished.traps.sort_by_key(|trap| trap.0);
        finished.lines.sort_unstable();
        finished.landings.sort_unstable();
        finished.lines.dedup_by_key(|line| line.0);
        finished
    }

    /// By number of jumps: the bytes of as many.
    fn lengths(&self) -> Vec<u32> {
        let mut sum = 0;
        let sums = self.jumps.iter().map(|jump| {
            sum += jump.size(jump.bytes + sum);
            sum
        });
        std::iter::once(0).chain(sums).collect()
    }

    fn target(&self, label: Label, before: &[u32]) -> u32 {
        let position = self.labels[label.0 as usize].expect("a label that is used is bound");
        position.bytes + before[position.jumps as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_are_short_where_they_reach() {
        for (gap, size) in [(126, 2), (127, 2), (128, 5), (1000, 5)] {
            let mut buffer = Buffer::new(&[]);
            let to = buffer.label();
            buffer.jump(None, to);
            buffer.bytes(&vec![0x90; gap]);
            buffer.bind(to);
            let code = buffer.finish().code;
            assert_eq!(code.len(), gap + size, "over {gap} bytes");
            match size {
                2 => assert_eq!(code[..2], [0xeb, gap as u8]),
                _ => assert_eq!(code[1..5], (gap as u32).to_le_bytes()),
            }
        }
    }

    #[test]
    fn jumps_that_grow_make_others_grow() {
        let mut buffer = Buffer::new(&[]);
        let (back, far) = (buffer.label(), buffer.label());
        buffer.bind(back);
        buffer.jump(Some(4), far);
        buffer.bytes(&[0x90; 122]);
        // Reaches back as long as the jump before it is short.
        buffer.jump(Some(5), back);
        buffer.bytes(&[0x90; 100]);
        buffer.bind(far);
        let code = buffer.finish().code;
        assert_eq!(code.len(), 6 + 122 + 6 + 100);
        assert_eq!(code[..2], [0x0f, 0x84]);
        assert_eq!(code[2..6], 228u32.to_le_bytes());
        assert_eq!(code[130..134], (-134i32).to_le_bytes());
    }

    #[test]
    fn loops_begin_with_their_lines() {
        let mut buffer = Buffer::new(&[]);
        let (over, start) = (buffer.label(), buffer.label());
        buffer.bytes(&[0x90; 3]);
        buffer.jump(None, over);
        buffer.align_loop();
        buffer.bind(start);
        buffer.bytes(&[0xcc; 90]);
        buffer.jump(Some(5), start);
        buffer.bind(over);
        let code = buffer.finish().code;
        assert_eq!(code[3..5], [0xeb, 27 + 90 + 2]);
        assert_eq!(code[31..33], [0x00, 0xcc]);
        assert_eq!(code[122..], [0x75, -92i8 as u8]);
    }

    #[test]
    fn tables_and_constants_lie_behind() {
        let mut buffer = Buffer::new(&[(7, 4), (9, 8)]);
        let label = buffer.label();
        let table = buffer.table(vec![label, label]);
        let Data::Table(0) = table else { panic!() };
        buffer.bytes(&[0x90]);
        buffer.bind(label);
        buffer.bytes(&[0xc3]);
        let code = buffer.finish().code;
        assert_eq!(code[4..8], (-3i32).to_le_bytes());
        assert_eq!(code[12..16], 7u32.to_le_bytes());
        assert_eq!(code[16..24], 9u64.to_le_bytes());
    }
}
