//! Calls and returns: which argument and result goes where.

use cranelift_codegen::ir::{self, InstructionData, Opcode, Signature};
use cranelift_codegen::isa::CallConv;

use super::super::Refusal;
use super::super::machine::{
    Block, Class, DefAt, Flags, Incoming, Inst, Kind, RegSet, UseAt, VReg,
};
use super::{Result, Select, is_scalar, name, register};

/// Registers of integer arguments: rdi, rsi, rdx, rcx, r8, r9.
const ARGUMENTS: &[u8] = &[7, 6, 2, 1, 8, 9];
/// Of float arguments and results.
const VECTORS: &[u8] = &[16, 17, 18, 19, 20, 21, 22, 23];
/// Of integer results of guest code: rax, rcx, rdx, rsi, rdi, r8, r9, r10.
const RESULTS: &[u8] = &[0, 1, 2, 6, 7, 8, 9, 10];
/// Of integer results of the runtime's functions.
const SYSTEM_V_RESULTS: &[u8] = &[0, 2];

/// Where arguments are, and the bytes of those on the stack.
pub(super) fn arguments(signature: &Signature) -> (Vec<Incoming>, u32) {
    let (mut integers, mut vectors, mut stack) = (0, 0, 0);
    let places = signature
        .params
        .iter()
        .map(|param| {
            let (numbers, at) = match param.value_type.is_float() {
                true => (VECTORS, &mut vectors),
                false => (ARGUMENTS, &mut integers),
            };
            if let Some(reg) = register(numbers, *at) {
                *at += 1;
                return Incoming::Reg(reg);
            }
            stack += 8;
            Incoming::Stack(stack - 8)
        })
        .collect();
    (places, (stack + 15) & !15)
}

/// Registers of results, `None` where one is in memory.
fn results(signature: &Signature) -> Option<Vec<super::Reg>> {
    let (mut integers, mut vectors) = (0, 0);
    let (of_integers, of_vectors) = match signature.call_conv {
        CallConv::SystemV => (SYSTEM_V_RESULTS, &VECTORS[..2]),
        _ => (RESULTS, VECTORS),
    };
    let registers = signature.returns.iter().map(|result| {
        let (numbers, at) = match result.value_type.is_float() {
            true => (of_vectors, &mut vectors),
            false => (of_integers, &mut integers),
        };
        *at += 1;
        register(numbers, *at - 1)
    });
    registers.collect()
}

/// Refuses signatures whose values are not all where this file says.
pub(super) fn check(signature: &Signature) -> Result<()> {
    if !matches!(signature.call_conv, CallConv::Tail | CallConv::SystemV) {
        return Err(Refusal::Shape("a call of another calling convention"));
    }
    for param in signature.params.iter().chain(&signature.returns) {
        if !is_scalar(param.value_type) {
            return Err(Refusal::Type(param.value_type));
        }
        if param.purpose != ir::ArgumentPurpose::Normal
            || param.extension != ir::ArgumentExtension::None
        {
            return Err(Refusal::Shape("arguments of a special purpose"));
        }
    }
    match results(signature) {
        Some(_) => Ok(()),
        None => Err(Refusal::Shape("more results than registers")),
    }
}

impl Select<'_> {
    pub(super) fn call(&mut self, inst: ir::Inst) -> Result<()> {
        let func = self.func;
        let lists = &func.dfg.value_lists;
        match func.dfg.insts[inst] {
            InstructionData::Call {
                opcode: Opcode::Call,
                func_ref,
                ref args,
            } => {
                let kind = Kind::Call(self.callee(func_ref)?);
                let signature = func.dfg.ext_funcs[func_ref].signature;
                self.call_to(inst, kind, None, signature, args.as_slice(lists))
            }
            InstructionData::CallIndirect {
                opcode: Opcode::CallIndirect,
                sig_ref,
                ref args,
            } => {
                let args = args.as_slice(lists);
                let target = self.reg(args[0]);
                self.call_to(inst, Kind::CallIndirect, Some(target), sig_ref, &args[1..])
            }
            InstructionData::Call {
                opcode: Opcode::ReturnCall,
                func_ref,
                ref args,
            } => {
                let kind = Kind::ReturnCall(self.callee(func_ref)?);
                let signature = func.dfg.ext_funcs[func_ref].signature;
                self.return_call_to(kind, None, signature, args.as_slice(lists))
            }
            InstructionData::CallIndirect {
                opcode: Opcode::ReturnCallIndirect,
                sig_ref,
                ref args,
            } => {
                let args = args.as_slice(lists);
                let target = self.reg(args[0]);
                self.return_call_to(Kind::ReturnCallIndirect, Some(target), sig_ref, &args[1..])
            }
            ref data => Err(Refusal::Opcode(data.opcode())),
        }
    }

    fn call_to(
        &mut self,
        inst: ir::Inst,
        kind: Kind,
        target: Option<VReg>,
        signature: ir::SigRef,
        args: &[ir::Value],
    ) -> Result<()> {
        let func = self.func;
        let signature = &func.dfg.signatures[signature];
        check(signature)?;
        let mut call = self.arguments_of(kind, target, signature, args);
        call.clobbers = RegSet::CALL_CLOBBERS;
        let registers = results(signature).expect("the signature was checked");
        let mut extended = Vec::new();
        for (&value, reg) in func.dfg.inst_results(inst).iter().zip(registers) {
            let mut result = name(value);
            // Callees say nothing of what is above 32 bits.
            if self.facts.is_zero_above(result.as_u32() as usize) {
                result = self.temporary(Class::Narrow);
                extended.push((result, name(value)));
            }
            call = call.makes(result, DefAt::Fixed(reg));
        }
        self.push(call);
        for (from, to) in extended {
            self.push(
                Inst::new(Kind::ZeroExtend, Flags::Keeps)
                    .reads(from, UseAt::Reg)
                    .makes(to, DefAt::Reg),
            );
        }
        Ok(())
    }

    /// A call with its arguments; those on the stack are stored before it.
    fn arguments_of(
        &mut self,
        kind: Kind,
        target: Option<VReg>,
        signature: &Signature,
        args: &[ir::Value],
    ) -> Inst {
        let mut call = Inst::new(kind, Flags::Writes);
        if let Some(target) = target {
            call = call.reads(target, UseAt::Reg);
        }
        let (places, bytes) = arguments(signature);
        for (&arg, place) in args.iter().zip(places) {
            let arg = self.reg(arg);
            match place {
                Incoming::Reg(reg) => call = call.reads(arg, UseAt::Fixed(reg)),
                Incoming::Stack(offset) => {
                    let argument = Inst::new(Kind::Argument(offset), Flags::Keeps);
                    self.push(argument.reads(arg, UseAt::Reg));
                }
            }
        }
        self.outgoing = self.outgoing.max(bytes);
        if signature.call_conv == CallConv::Tail {
            call.popped = bytes;
        }
        call
    }

    /// A call whose exceptions go on in a block of this function.
    pub(super) fn try_call(
        &mut self,
        inst: ir::Inst,
        number: &[usize],
        into: &mut Block,
    ) -> Result<()> {
        let func = self.func;
        let lists = &func.dfg.value_lists;
        let (kind, target, args, exception) = match func.dfg.insts[inst] {
            InstructionData::TryCall {
                func_ref,
                ref args,
                exception,
                ..
            } => {
                let kind = Kind::TryCall(self.callee(func_ref)?);
                (kind, None, args.as_slice(lists), exception)
            }
            InstructionData::TryCallIndirect {
                ref args,
                exception,
                ..
            } => {
                let args = args.as_slice(lists);
                (Kind::TryCallIndirect, Some(args[0]), &args[1..], exception)
            }
            ref data => return Err(Refusal::Opcode(data.opcode())),
        };
        let table = &func.dfg.exception_tables[exception];
        let mut items = table.items();
        let (Some(ir::ExceptionTableItem::Default(handler)), None) = (items.next(), items.next())
        else {
            return Err(Refusal::Shape("handlers of certain tags"));
        };
        let signature = &func.dfg.signatures[table.signature()];
        check(signature)?;
        if signature.call_conv != CallConv::Tail {
            return Err(Refusal::Shape("a call of another calling convention"));
        }
        let target = target.map(|target| self.reg(target));
        let mut call = self.arguments_of(kind, target, signature, args);
        call.clobbers = RegSet::ALL;
        // What the registers hold afterwards, whichever way it goes on.
        let mut held: Vec<(super::Reg, VReg)> = Vec::new();
        let registers = results(signature).expect("the signature was checked");
        let mut hold = |select: &mut Self, reg: super::Reg| {
            if let Some(&(_, vreg)) = held.iter().find(|held| held.0 == reg) {
                return vreg;
            }
            let vreg = select.temporary(match reg.is_vector() {
                true => Class::Float,
                false => Class::Wide,
            });
            held.push((reg, vreg));
            vreg
        };
        let returned: Vec<VReg> = registers.iter().map(|&reg| hold(self, reg)).collect();
        let thrown = [super::Reg::RAX, super::Reg::RDX].map(|reg| hold(self, reg));
        let made = |arg| match arg {
            ir::BlockArg::TryCallRet(number) => returned[number as usize],
            ir::BlockArg::TryCallExn(number) => thrown[number as usize],
            ir::BlockArg::Value(_) => unreachable!("values are named already"),
        };
        let normal = self.edge_of_call(table.normal_return(), number, made);
        let handler = self.edge_of_call(&handler, number, made);
        into.edges = vec![normal, handler];
        for (reg, vreg) in held {
            call = call.makes(vreg, DefAt::Fixed(reg));
        }
        self.push(call);
        Ok(())
    }

    /// Leaves the function for another one, both of which have all arguments in registers.
    fn return_call_to(
        &mut self,
        kind: Kind,
        target: Option<VReg>,
        signature: ir::SigRef,
        args: &[ir::Value],
    ) -> Result<()> {
        let signature = &self.func.dfg.signatures[signature];
        check(signature)?;
        let (places, bytes) = arguments(signature);
        if bytes > 0 || arguments(&self.func.signature).1 > 0 {
            return Err(Refusal::Shape("a tail call with arguments on the stack"));
        }
        if signature.call_conv != CallConv::Tail {
            return Err(Refusal::Shape("a tail call of another calling convention"));
        }
        let mut call = Inst::new(kind, Flags::Writes);
        if let Some(target) = target {
            call = call.reads(target, UseAt::Fixed(super::Reg::RAX));
        }
        for (&arg, place) in args.iter().zip(places) {
            if let Incoming::Reg(reg) = place {
                call = call.reads(self.reg(arg), UseAt::Fixed(reg));
            }
        }
        self.push(call);
        Ok(())
    }

    pub(super) fn return_(&mut self, inst: ir::Inst) -> Result<()> {
        let registers = results(&self.func.signature).expect("the signature was checked");
        let mut return_ = Inst::new(Kind::Return, Flags::Writes);
        for (&value, reg) in self.func.dfg.inst_args(inst).iter().zip(registers) {
            return_ = return_.reads(self.reg(value), UseAt::Fixed(reg));
        }
        self.push(return_);
        Ok(())
    }
}
