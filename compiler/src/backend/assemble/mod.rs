//! From the machine IR with places to bytes: the frame, the order of blocks, jumps.
//!
//! ```text
//!  rbp + 16 …   arguments on the stack; the function takes them away when it returns
//!  rbp + 8      return address
//!  rbp          the caller's frame pointer
//!  rbp - 8 …    registers that the function must leave as they were
//!       …       slots
//!  rsp …        arguments of calls
//! ```

mod buffer;
mod instructions;
mod sequences;

use std::collections::HashMap;

use cranelift_codegen::ir::{TrapCode, UserExternalNameRef};

use super::Refusal;
use super::allocate::{Op, Place};
use super::encode::{Instruction, Rm};
use super::machine::{Condition, Func, Imm, Kind, Map, Reg, RegSet};
use super::slots::{Placed, Slot};
pub(super) use buffer::Finished;
use buffer::{Buffer, Label};

/// The largest frame.
const LARGEST_FRAME: u32 = 64 << 10;
/// No access may be further below the last one, or it could miss the guard below the stack.
const PAGE: u32 = 4096;

struct Assembler<'a> {
    func: &'a Func,
    placed: &'a Placed,
    buffer: Buffer,
    saved: Vec<Reg>,
    frame: u32,
    /// Where each block begins; blocks that only lead on begin where they lead.
    blocks: Vec<Label>,
    leads_to: Vec<usize>,
    /// Blocks that head a loop without other loops in it.
    is_tight: Vec<bool>,
    /// Traps that stand at the end, by what a backtrace says of them.
    traps: Vec<(Label, TrapCode, Option<u32>)>,
    known_traps: HashMap<(TrapCode, Option<u32>), Label>,
    /// Copies of edges that are not on the straight way: label, block and edge.
    detours: Vec<(Label, usize, usize)>,
}

/// Assembles a function; also the size of its frame below the frame pointer.
pub(super) fn assemble(func: &Func, placed: &Placed) -> Result<(Finished, u32), Refusal> {
    let saved: Vec<Reg> = (placed.used & RegSet::CALLEE_SAVED).iter().collect();
    let slots = saved.len() as u32 + placed.count;
    let frame = (8 * slots + func.outgoing).next_multiple_of(16);
    if frame > LARGEST_FRAME {
        return Err(Refusal::Size("frame"));
    }
    let mut buffer = Buffer::new(&func.constants);
    let blocks = func.blocks.iter().map(|_| buffer.label()).collect();
    let mut assembler = Assembler {
        func,
        placed,
        buffer,
        saved,
        frame,
        blocks,
        leads_to: Vec::new(),
        is_tight: tight_loops(func),
        traps: Vec::new(),
        known_traps: HashMap::new(),
        detours: Vec::new(),
    };
    assembler.leads_to = (0..func.blocks.len())
        .map(|at| assembler.target(at))
        .collect();
    assembler.prologue();
    let order = assembler.order();
    for (number, &at) in order.iter().enumerate() {
        let next = order.get(number + 1).copied();
        assembler.block(at, next)?;
        let ends_hot = next.is_none_or(|next| func.blocks[next].cold && !func.blocks[at].cold);
        assembler.write_detours(at, next, ends_hot)?;
    }
    assembler.write_traps();
    Ok((assembler.buffer.finish(), frame))
}

impl Assembler<'_> {
    /// Blocks in the order of the code: cold ones last.
    fn order(&self) -> Vec<usize> {
        let stands = |&at: &usize| self.leads_to[at] == at;
        let (cold, hot): (Vec<usize>, Vec<usize>) = (0..self.func.blocks.len())
            .filter(stands)
            .partition(|&at| at != 0 && self.func.blocks[at].cold);
        hot.into_iter().chain(cold).collect()
    }

    /// Where a jump to a block really goes: on, if the block does nothing but jump.
    fn target(&self, from: usize) -> usize {
        let mut at = from;
        for _ in 0..16 {
            let block = &self.func.blocks[at];
            let only_jumps = at != 0
                && matches!(block.insts.as_slice(), [inst] if inst.kind == Kind::Jump)
                && self.placed.ops[at].len() == 1
                && self.placed.edges[at][0].is_empty();
            match only_jumps {
                true => at = block.edges[0].to,
                false => return at,
            }
        }
        // A circle of blocks that do nothing.
        from
    }

    fn prologue(&mut self) {
        // push rbp; mov rbp, rsp
        self.buffer.bytes(&[0x55, 0x48, 0x89, 0xe5]);
        for page in 1..=self.frame / PAGE {
            let displacement = -((page * PAGE) as i32);
            let base = Reg::RSP;
            let below = Rm::Base { base, displacement };
            self.buffer.inst(plain(0x89, false, base.code(), below));
        }
        if self.frame > 0 {
            self.add_to_stack_pointer(-(self.frame as i32));
        }
        for (number, &reg) in self.saved.clone().iter().enumerate() {
            self.move_memory(0x89, reg, saved_at(number));
        }
    }

    fn epilogue(&mut self) {
        self.leave();
        match self.func.popped {
            0 => self.buffer.bytes(&[0xc3]),
            popped => {
                let [low, high, ..] = popped.to_le_bytes();
                self.buffer.bytes(&[0xc2, low, high]);
            }
        }
    }

    /// Takes the frame away.
    fn leave(&mut self) {
        for (number, &reg) in self.saved.clone().iter().enumerate() {
            self.move_memory(0x8b, reg, saved_at(number));
        }
        match self.frame {
            // pop rbp
            0 => self.buffer.bytes(&[0x5d]),
            // leave
            _ => self.buffer.bytes(&[0xc9]),
        }
    }

    fn block(&mut self, at: usize, next: Option<usize>) -> Result<(), Refusal> {
        if self.is_tight[at] {
            self.buffer.align_loop();
        }
        self.buffer.bind(self.blocks[at]);
        let (func, placed) = (self.func, self.placed);
        let block = &func.blocks[at];
        for op in &placed.ops[at] {
            let (inst, places) = match *op {
                Op::Inst { inst, places } => (&block.insts[inst as usize], places as usize),
                _ => {
                    self.copy(op)?;
                    continue;
                }
            };
            match inst.kind {
                Kind::Jump => self.straight(at, 0, next)?,
                Kind::Branch(condition) => self.branch(at, condition, next)?,
                Kind::Table => self.switch(at, places)?,
                Kind::TryCall(_) | Kind::TryCallIndirect => {
                    let handler = self.along(at, 1);
                    self.try_call(inst, places, handler)?;
                    self.straight(at, 0, next)?;
                }
                _ => self.inst(inst, places)?,
            }
        }
        Ok(())
    }

    /// Does an edge's copies here, and goes on to its block.
    fn straight(&mut self, at: usize, edge: usize, next: Option<usize>) -> Result<(), Refusal> {
        let placed = self.placed;
        for op in &placed.edges[at][edge] {
            self.copy(op)?;
        }
        let to = self.leads_to[self.func.blocks[at].edges[edge].to];
        if Some(to) != next {
            self.buffer.jump(None, self.blocks[to]);
        }
        Ok(())
    }

    /// The label that leads along an edge: its block, or copies before that.
    fn along(&mut self, at: usize, edge: usize) -> Label {
        if self.placed.edges[at][edge].is_empty() {
            return self.blocks[self.leads_to[self.func.blocks[at].edges[edge].to]];
        }
        let known = self
            .detours
            .iter()
            .find(|detour| (detour.1, detour.2) == (at, edge));
        if let Some(&(label, ..)) = known {
            return label;
        }
        let label = self.buffer.label();
        self.detours.push((label, at, edge));
        label
    }

    fn branch(
        &mut self,
        at: usize,
        condition: Condition,
        next: Option<usize>,
    ) -> Result<(), Refusal> {
        let func = self.func;
        let to = |edge: usize| self.leads_to[func.blocks[at].edges[edge].to];
        let copies = |edge: usize| !self.placed.edges[at][edge].is_empty();
        let (yes, no) = (to(0), to(1));
        let (often, seldom) = (func.blocks[yes].frequency, func.blocks[no].frequency);
        let (yes_is_hot, no_is_hot) = (!func.blocks[yes].cold, !func.blocks[no].cold);
        // Whether the way that the condition opens is the one that goes straight on.
        let straight_yes = match (copies(0), copies(1)) {
            (false, false) => Some(yes) == next,
            (true, true) => Some(no) != next && (often > seldom || Some(yes) == next),
            (true, false) => yes_is_hot && (Some(no) != next || often >= seldom),
            (false, true) => !(no_is_hot && (Some(yes) != next || seldom >= often)),
        };
        match straight_yes {
            true => {
                let away = self.along(at, 1);
                self.jump_if(condition.inverted(), away);
                self.straight(at, 0, next)
            }
            false => {
                let away = self.along(at, 0);
                self.jump_if(condition, away);
                self.straight(at, 1, next)
            }
        }
    }

    fn jump_if(&mut self, condition: Condition, to: Label) {
        match condition {
            Condition::Code(code) => self.buffer.jump(Some(code), to),
            Condition::FloatNotEqual => {
                self.buffer.jump(Some(10), to);
                self.buffer.jump(Some(5), to);
            }
            Condition::FloatEqual => {
                let not = self.buffer.label();
                self.buffer.jump(Some(10), not);
                self.buffer.jump(Some(4), to);
                self.buffer.bind(not);
            }
        }
    }

    /// Writes the copies of edges that are waiting, where nothing falls into them: those to hot blocks
    /// as soon as possible, all of them behind the hot code.
    fn write_detours(
        &mut self,
        at: usize,
        next: Option<usize>,
        ends_hot: bool,
    ) -> Result<(), Refusal> {
        let func = self.func;
        let goes_on = match func.blocks[at].insts.last().map(|inst| inst.kind) {
            Some(Kind::Jump | Kind::Branch(_) | Kind::TryCall(_) | Kind::TryCallIndirect) => {
                let edges = func.blocks[at].edges.iter();
                edges
                    .map(|edge| Some(self.leads_to[edge.to]))
                    .any(|to| to == next)
            }
            _ => false,
        };
        if goes_on && next.is_some() {
            return Ok(());
        }
        let is_cold = |&(_, at, edge): &(Label, usize, usize)| {
            func.blocks[func.blocks[at].edges[edge].to].cold
        };
        let waiting = std::mem::take(&mut self.detours);
        let all = ends_hot || func.blocks[at].cold;
        let (cold, now): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|detour| !all && is_cold(detour));
        self.detours = cold;
        for (label, at, edge) in now {
            self.buffer.bind(label);
            self.straight(at, edge, None)?;
        }
        Ok(())
    }

    /// A label of a trap at the end of the code.
    fn trap_at_end(&mut self, code: TrapCode, place: Option<u32>) -> Label {
        if let Some(&label) = self.known_traps.get(&(code, place)) {
            return label;
        }
        let label = self.buffer.label();
        self.traps.push((label, code, place));
        self.known_traps.insert((code, place), label);
        label
    }

    fn write_traps(&mut self) {
        for (label, code, place) in std::mem::take(&mut self.traps) {
            self.buffer.bind(label);
            self.trap(code, place);
        }
    }

    fn trap(&mut self, code: TrapCode, place: Option<u32>) {
        self.buffer.trap(code);
        self.buffer.line(place);
        // ud2
        self.buffer.bytes(&[0x0f, 0x0b]);
    }

    /// Where a value's slot is.
    fn slot(&self, place: Place) -> Result<Rm, Refusal> {
        let slot = match place {
            Place::Slot(vreg) => self.placed.slot(vreg),
            _ => None,
        };
        let displacement = match slot {
            Some(Slot::Own(number)) => -8 * (self.saved.len() as i32 + number as i32 + 1),
            Some(Slot::Incoming(offset)) => 16 + offset as i32,
            None => return Err(Refusal::internal("a slot that is none")),
        };
        Ok(Rm::Base {
            base: Reg::RBP,
            displacement,
        })
    }

    /// `mov` of 64 bits between a register and memory.
    fn move_memory(&mut self, opcode: u8, reg: Reg, rm: Rm) {
        self.buffer.inst(plain(opcode, true, reg.code(), rm));
    }

    fn add_to_stack_pointer(&mut self, bytes: i32) {
        let (opcode, imm) = with_immediate(bytes);
        self.buffer.inst(Instruction {
            imm,
            ..plain(opcode, true, 0, Rm::Reg(Reg::RSP))
        });
    }
}

/// By block: whether it heads a loop that runs and has no other loops in it.
fn tight_loops(func: &Func) -> Vec<bool> {
    let blocks = func.blocks.iter();
    let mut tight: Vec<bool> = blocks.map(|block| block.is_header && !block.cold).collect();
    for outer in func.blocks.iter().filter_map(|block| block.outer) {
        tight[outer] = false;
    }
    tight
}

/// Where a register is saved, by its number among those that are.
fn saved_at(number: usize) -> Rm {
    Rm::Base {
        base: Reg::RBP,
        displacement: -8 * (number as i32 + 1),
    }
}

/// Arithmetic with an immediate: its opcode, which is another one where a byte holds the value.
fn with_immediate(value: i32) -> (u8, Imm) {
    match i8::try_from(value) {
        Ok(value) => (0x83, Imm::Byte(value)),
        Err(_) => (0x81, Imm::Long(value)),
    }
}

/// An instruction of the one-byte map.
fn plain(opcode: u8, wide: bool, reg: u8, rm: Rm) -> Instruction {
    Instruction {
        prefix: 0,
        map: Map::One,
        opcode,
        wide,
        byte_reg: false,
        byte_rm: false,
        reg,
        rm,
        imm: Imm::None,
    }
}

/// A symbol that an operand lies at.
type Symbol = (UserExternalNameRef, i64);
