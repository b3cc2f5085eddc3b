//! The machine IR: what selection makes, allocation places and the assembler writes down.
//!
//! It is in SSA form. An instruction says as data what it needs: where each operand may be, which
//! registers it destroys, what it does to the flags. Allocation and the checker know nothing else of
//! it, so that a new x86 instruction needs no new case in either.

use std::fmt;

use cranelift_codegen::entity::entity_impl;
use cranelift_codegen::ir::{TrapCode, UserExternalNameRef};
use smallvec::SmallVec;

/// A value of the machine IR. Those of the CLIF function keep their numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct VReg(u32);
entity_impl!(VReg, "v");

/// The value that stands for another one, where each names the next on the way there. The way is
/// shorter the next time.
pub(super) fn find(next: &mut [VReg], mut value: VReg) -> VReg {
    while next[value.as_u32() as usize] != value {
        let above = next[value.as_u32() as usize];
        next[value.as_u32() as usize] = next[above.as_u32() as usize];
        value = above;
    }
    value
}

/// A register: `rax` to `r15` are 0 to 15, `xmm0` to `xmm15` are 16 to 31.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Reg(u8);

impl Reg {
    pub const RAX: Reg = Reg(0);
    pub const RCX: Reg = Reg(1);
    pub const RDX: Reg = Reg(2);
    pub const RSP: Reg = Reg(4);
    pub const RBP: Reg = Reg(5);
    /// Where programs that start threads have the address of the thread's block.
    pub const PINNED: Reg = Reg(15);
    /// The vector register that no value is ever in: copies from memory to memory go through it.
    pub const SCRATCH: Reg = Reg(31);

    /// The register of a number below 32.
    pub const fn new(number: u8) -> Reg {
        assert!(number < 32);
        Reg(number)
    }

    pub fn number(self) -> u8 {
        self.0
    }

    /// The number that instructions have for it.
    pub fn code(self) -> u8 {
        self.0 & 15
    }

    pub fn is_vector(self) -> bool {
        self.0 >= 16
    }
}

impl fmt::Debug for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const INTEGER: [&str; 16] = [
            "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
            "r12", "r13", "r14", "r15",
        ];
        match self.is_vector() {
            true => write!(f, "xmm{}", self.code()),
            false => f.write_str(INTEGER[self.0 as usize]),
        }
    }
}

/// A set of registers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct RegSet(u32);

impl RegSet {
    pub const EMPTY: RegSet = RegSet(0);
    /// Those that values may be in: not the stack pointer, not the frame pointer.
    pub const INTEGERS: RegSet = RegSet(0xffff & !(1 << 4) & !(1 << 5));
    pub const VECTORS: RegSet = RegSet(0x7fff_0000);
    /// Those that a function must leave as they were: rbx, r12 to r15.
    pub const CALLEE_SAVED: RegSet = RegSet(1 << 3 | 0xf << 12);
    /// Those that are not as they were when an exception arrives.
    pub const ALL: RegSet = RegSet(!(1 << 4 | 1 << 5));
    /// Those that a call may change.
    pub const CALL_CLOBBERS: RegSet =
        RegSet((0xffff & !(1 << 4 | 1 << 5 | 1 << 3 | 0xf << 12)) | 0xffff_0000);

    pub fn of(reg: Reg) -> RegSet {
        RegSet(1 << reg.0)
    }

    pub fn contains(self, reg: Reg) -> bool {
        self.0 >> reg.0 & 1 == 1
    }

    pub fn insert(&mut self, reg: Reg) {
        self.0 |= 1 << reg.0;
    }

    pub fn remove(&mut self, reg: Reg) {
        self.0 &= !(1 << reg.0);
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The one with the lowest number.
    pub fn first(self) -> Option<Reg> {
        (self.0 != 0).then(|| Reg(self.0.trailing_zeros() as u8))
    }

    pub fn iter(self) -> impl Iterator<Item = Reg> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let reg = rest.first()?;
            rest.remove(reg);
            Some(reg)
        })
    }
}

impl std::ops::BitOr for RegSet {
    type Output = RegSet;
    fn bitor(self, other: RegSet) -> RegSet {
        RegSet(self.0 | other.0)
    }
}

impl std::ops::BitAnd for RegSet {
    type Output = RegSet;
    fn bitand(self, other: RegSet) -> RegSet {
        RegSet(self.0 & other.0)
    }
}

impl std::ops::Sub for RegSet {
    type Output = RegSet;
    fn sub(self, other: RegSet) -> RegSet {
        RegSet(self.0 & !other.0)
    }
}

/// What is known of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// Of at most 32 bits: in a register the upper half is whatever the instruction left there, and
    /// a copy of the lower half is a copy. A copy clears the upper half.
    Narrow,
    /// Of 64 bits.
    Wide,
    /// A float of 32 or 64 bits.
    Float,
}

impl Class {
    fn registers(self) -> RegSet {
        match self {
            Class::Narrow | Class::Wide => RegSet::INTEGERS,
            Class::Float => RegSet::VECTORS,
        }
    }
}

/// Where an instruction reads an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum UseAt {
    Reg,
    Fixed(Reg),
    /// In a register or in a slot of the frame.
    Any,
}

/// Where an instruction leaves a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DefAt {
    Reg,
    Fixed(Reg),
    /// In the register of the first use, which is overwritten. Only the first result.
    First,
}

/// A condition on the flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    /// As jumps have it: 4 is `e`, 5 is `ne`.
    Code(u8),
    /// Floats are equal: `e` and not `p`.
    FloatEqual,
    /// `ne` or `p`.
    FloatNotEqual,
}

impl Condition {
    pub const BELOW: Condition = Condition::Code(2);
    pub const EQUAL: Condition = Condition::Code(4);
    pub const NOT_EQUAL: Condition = Condition::Code(5);

    pub fn inverted(self) -> Condition {
        match self {
            Condition::Code(code) => Condition::Code(code ^ 1),
            Condition::FloatEqual => Condition::FloatNotEqual,
            Condition::FloatNotEqual => Condition::FloatEqual,
        }
    }
}

/// What an instruction does with the flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flags {
    Keeps,
    Reads,
    Writes,
}

/// The opcode map, by the bytes that lead to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Map {
    One,
    X0f,
    X0f3a,
}

/// What the `reg` field of an encoding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RegField {
    /// The result of this number.
    Def(u8),
    /// The use of this number.
    Use(u8),
    /// More of the opcode.
    Digit(u8),
}

/// What the `rm` field of an encoding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RmField {
    Def(u8),
    Use(u8),
    /// Memory at an address.
    Memory(Address),
}

/// An address; registers are uses of the instruction by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Address {
    pub base: Option<u8>,
    /// With log2 of what it is multiplied by.
    pub index: Option<(u8, u8)>,
    pub displacement: i32,
    /// A symbol and what is added to it; nothing else then.
    pub symbol: Option<(UserExternalNameRef, i64)>,
    /// A constant of the function by its index; nothing else then.
    pub constant: Option<u32>,
}

/// The width of an immediate operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Imm {
    None,
    Byte(i8),
    Word(i16),
    Long(i32),
}

/// An x86 instruction by its encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Encoding {
    /// 0 if there is none.
    pub prefix: u8,
    pub map: Map,
    pub opcode: u8,
    /// Operands of 64 bits.
    pub wide: bool,
    /// The register in `reg` is one of 8 bits.
    pub byte_reg: bool,
    /// The register in `rm` is one of 8 bits.
    pub byte_rm: bool,
    pub reg: RegField,
    pub rm: RmField,
    pub imm: Imm,
}

/// What an instruction is written down as.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    Encoded(Encoding),
    /// An integer constant, as short as it gets.
    Constant(i64),
    /// A sum, by `add` or `lea`.
    Add {
        wide: bool,
    },
    /// A sum with a constant, by `add` or `lea`.
    AddConstant {
        wide: bool,
        constant: i32,
    },
    /// The lower half, the upper half zero.
    ZeroExtend,
    /// The register that is set aside.
    Pinned,
    /// Divides what is in rax by the second use: the quotient into rax, the remainder into rdx, which
    /// is written first.
    Divide {
        signed: bool,
        wide: bool,
    },
    ByteSwap {
        wide: bool,
    },
    /// The first use, or the second if the condition holds.
    Choose {
        condition: Condition,
        wide: bool,
    },
    /// The same of floats.
    ChooseFloat(Condition),
    Call(UserExternalNameRef),
    /// To the address in the first use.
    CallIndirect,
    /// A call that ends its block: the first edge is that of its return, the second that of an
    /// exception.
    TryCall(UserExternalNameRef),
    /// The same, to the address in the first use.
    TryCallIndirect,
    /// The frame pointer.
    FramePointer,
    /// Stores the use among the arguments of the next call, at this offset.
    Argument(u32),
    Return,
    Jump,
    Branch(Condition),
    /// Jumps by the use through the block's table; two registers are destroyed.
    Table,
    Trap(TrapCode),
    TrapIf(Condition, TrapCode),
    /// Sets the result to what the condition says.
    Set(u8),
    /// A float as the nearest integer that there is, and 0 if it is no number. The second result is
    /// an integer for the way there, the third a float.
    Saturate {
        from_wide: bool,
        to_wide: bool,
        signed: bool,
        /// The constant -2⁶³, which only unsigned numbers of 64 bits need.
        offset: u32,
    },
    /// An unsigned integer of 64 bits as a float. The second and third result are integers for the way
    /// there.
    FromUnsigned {
        wide: bool,
    },
    /// The lesser or the greater of two floats, or no number if one of them is none.
    Extreme {
        wide: bool,
        greater: bool,
    },
    /// Leaves the function for another one.
    ReturnCall(UserExternalNameRef),
    /// The same, to the address in the first use.
    ReturnCallIndirect,
}

/// An operand that an instruction reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Use {
    pub vreg: VReg,
    pub at: UseAt,
}

/// A result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Def {
    pub vreg: VReg,
    pub at: DefAt,
}

/// An instruction.
#[derive(Clone, Debug)]
pub(super) struct Inst {
    pub kind: Kind,
    pub uses: SmallVec<[Use; 3]>,
    pub defs: SmallVec<[Def; 2]>,
    /// Registers that hold nothing of use afterwards, beside those of the results.
    pub clobbers: RegSet,
    pub flags: Flags,
    /// The first two uses may change places; the second may then be in memory.
    pub commutes: bool,
    /// Results are written before all uses are read, and may share no register with them.
    pub early: bool,
    /// Why it may trap.
    pub trap: Option<TrapCode>,
    /// Byte offset in the module.
    pub place: Option<u32>,
    /// Bytes that the callee takes from the stack.
    pub popped: u32,
}

impl Inst {
    pub fn new(kind: Kind, flags: Flags) -> Inst {
        Inst {
            kind,
            uses: SmallVec::new(),
            defs: SmallVec::new(),
            clobbers: RegSet::EMPTY,
            flags,
            commutes: false,
            early: false,
            trap: None,
            place: None,
            popped: 0,
        }
    }

    pub fn reads(mut self, vreg: VReg, at: UseAt) -> Inst {
        self.uses.push(Use { vreg, at });
        self
    }

    pub fn makes(mut self, vreg: VReg, at: DefAt) -> Inst {
        self.defs.push(Def { vreg, at });
        self
    }

    pub fn is_call(&self) -> bool {
        matches!(
            self.kind,
            Kind::Call(_) | Kind::CallIndirect | Kind::TryCall(_) | Kind::TryCallIndirect
        )
    }
}

/// What a block hands to a parameter of another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Arg {
    Value(VReg),
    Constant(i64),
}

/// The way from one block to another.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Edge {
    pub to: usize,
    pub args: SmallVec<[Arg; 4]>,
}

/// A block. They are numbered in reverse postorder, the entry is 0.
#[derive(Default, Debug)]
pub(super) struct Block {
    pub params: Vec<VReg>,
    /// The last one leaves the block.
    pub insts: Vec<Inst>,
    pub edges: Vec<Edge>,
    /// Edges of a jump table by number: the default, then those of 0, 1, ….
    pub table: Vec<u32>,
    /// The edges into it: their blocks and numbers.
    pub preds: Vec<(usize, usize)>,
    /// Hardly ever run.
    pub cold: bool,
    /// Loops around it.
    pub depth: u32,
    pub is_header: bool,
    /// The header of the innermost loop that it is in, and, if it is itself one, the header of the
    /// loop around its own.
    pub innermost: Option<usize>,
    pub outer: Option<usize>,
    /// How often it runs, for each time that the function does.
    pub frequency: f32,
}

/// A function.
#[derive(Default, Debug)]
pub(super) struct Func {
    pub blocks: Vec<Block>,
    /// By value.
    pub classes: Vec<Class>,
    /// Where its parameters come in: a register, or an offset in the arguments on the stack.
    pub params: Vec<(VReg, Incoming)>,
    /// Constants that are read from memory: bits and bytes of each.
    pub constants: Vec<(u64, u8)>,
    /// Bytes for arguments of calls.
    pub outgoing: u32,
    /// Bytes of its own arguments, which it takes from the stack.
    pub popped: u32,
    /// Registers that are set aside in the whole program.
    pub reserved: RegSet,
}

/// Where a parameter of the function is when it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Incoming {
    Reg(Reg),
    Stack(u32),
}

impl Func {
    pub fn class(&self, vreg: VReg) -> Class {
        self.classes[vreg.as_u32() as usize]
    }

    /// The registers that values of a class may be in.
    pub fn registers(&self, class: Class) -> RegSet {
        class.registers() - self.reserved
    }
}
