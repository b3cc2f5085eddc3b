//! What selection knows of a function beforehand: how often values are used, what may be moved past
//! what, and which values must be zero above their 32 bits.

use cranelift_codegen::entity::{EntityRef, SecondaryMap};
use cranelift_codegen::ir::{self, Opcode, Value, types};

use super::super::Refusal;

pub(super) struct Facts {
    uses: Vec<u32>,
    zero_above: Vec<bool>,
    /// Parameters of blocks that must be zero above, and come out of calls that are not.
    extended: Vec<bool>,
    /// The state of memory and of what else can be observed: before an instruction and after it.
    colours: SecondaryMap<ir::Inst, (u32, u32)>,
}

impl Facts {
    pub fn new(func: &ir::Function, order: &[ir::Block]) -> Result<Facts, Refusal> {
        let values = func.dfg.num_values();
        let mut facts = Facts {
            uses: vec![0; values],
            zero_above: vec![false; values],
            extended: vec![false; values],
            colours: SecondaryMap::new(),
        };
        let mut wanted = Vec::new();
        // Arguments for parameters, by the parameter.
        let mut incoming: Vec<Vec<Value>> = vec![Vec::new(); values];
        // Parameters that get what a call returns or throws.
        let mut from_calls: Vec<Value> = Vec::new();
        let mut colour = 0;
        for &block in order {
            colour += 1;
            for inst in func.layout.block_insts(block) {
                let data = &func.dfg.insts[inst];
                let opcode = data.opcode();
                let before = colour;
                let is_free = is_pure(opcode)
                    || is_load(opcode) && data.memflags_trap_code(&func.dfg).is_none();
                colour += u32::from(!is_free);
                facts.colours[inst] = (before, colour);
                for value in func.dfg.inst_values(inst) {
                    facts.uses[value.index()] += 1;
                }
                let reads_above = matches!(opcode, Opcode::Uextend | Opcode::FcvtFromUint)
                    || opcode == Opcode::BrTable;
                if reads_above {
                    let arg = func.dfg.inst_args(inst)[0];
                    if func.dfg.value_type(arg) == types::I32 {
                        wanted.push(arg);
                    }
                }
                if func.dfg.user_stack_map_entries(inst).is_some() {
                    return Err(Refusal::Shape("stack maps"));
                }
                let targets =
                    data.branch_destination(&func.dfg.jump_tables, &func.dfg.exception_tables);
                for target in targets {
                    let params = func.dfg.block_params(target.block(&func.dfg.value_lists));
                    let args = target.args(&func.dfg.value_lists);
                    for (param, arg) in params.iter().zip(args) {
                        match arg {
                            ir::BlockArg::Value(arg) => incoming[param.index()].push(arg),
                            _ => from_calls.push(*param),
                        }
                    }
                }
            }
        }
        while let Some(value) = wanted.pop() {
            if !std::mem::replace(&mut facts.zero_above[value.index()], true) {
                wanted.extend(incoming[value.index()].iter().copied());
            }
        }
        // Callees say nothing of what is above 32 bits.
        for param in from_calls {
            facts.extended[param.index()] = facts.zero_above[param.index()];
        }
        Ok(facts)
    }

    /// How often a value is used.
    pub fn uses(&self, value: Value) -> u32 {
        self.uses[value.index()]
    }

    pub fn is_used_once(&self, value: Value) -> bool {
        self.uses[value.index()] == 1
    }

    /// Whether a value of 32 bits, by its index, must be zero above wherever it is.
    pub fn is_zero_above(&self, value: usize) -> bool {
        self.zero_above.get(value) == Some(&true)
    }

    /// Whether a parameter of a block must be made zero above when the block begins.
    pub fn is_extended(&self, param: Value) -> bool {
        self.extended[param.index()]
    }

    pub fn colour_before(&self, inst: ir::Inst) -> u32 {
        self.colours[inst].0
    }

    pub fn colour_after(&self, inst: ir::Inst) -> u32 {
        self.colours[inst].1
    }
}

/// Whether an instruction is nothing but its result, and may be done where that is needed.
pub(super) fn is_pure(opcode: Opcode) -> bool {
    use Opcode::*;
    matches!(
        opcode,
        Iadd | Isub
            | Imul
            | Ineg
            | Bnot
            | Band
            | Bor
            | Bxor
            | Ishl
            | Ushr
            | Sshr
            | Rotl
            | Rotr
            | Icmp
            | Fcmp
            | Select
            | Uextend
            | Sextend
            | Ireduce
            | Clz
            | Ctz
            | Popcnt
            | Bswap
            | Bmask
            | Smulhi
            | Umulhi
            | Smin
            | Smax
            | Umin
            | Umax
            | Iconst
            | F32const
            | F64const
            | Fadd
            | Fsub
            | Fmul
            | Fdiv
            | Fneg
            | Fabs
            | Fcopysign
            | Sqrt
            | Floor
            | Ceil
            | Trunc
            | Nearest
            | Fpromote
            | Fdemote
            | FcvtFromSint
            | FcvtFromUint
            | FcvtToSintSat
            | FcvtToUintSat
            | Fmin
            | Fmax
            | Bitcast
            | SymbolValue
            | FuncAddr
            | GetPinnedReg
    )
}

pub(super) fn is_constant(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Iconst | Opcode::F32const | Opcode::F64const)
}

pub(super) fn is_load(opcode: Opcode) -> bool {
    use Opcode::*;
    matches!(
        opcode,
        Load | Uload8 | Uload16 | Uload32 | Sload8 | Sload16 | Sload32
    )
}
