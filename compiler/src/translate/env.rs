//! The state of a translation, and how IR refers to what lies outside the function.

use std::collections::HashMap;

use cranelift_codegen::ir::{
    self, AbiParam, AliasRegionData, ArgumentPurpose, ExtFuncData, ExternalName, GlobalValueData,
    InstBuilder, MemFlagsData, Signature, UserExternalName, Value, types,
};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, Variable};
use target_lexicon::Architecture;
use wasmc_abi::builtins::{Builtin, BuiltinType};
use wasmc_abi::component;
use wasmc_abi::p2::{self, HostFunction};
use wasmparser::{FuncType, RefType, ValType};

use super::frame::Frame;
use super::operands::Operands;
use crate::index::{FuncId, GlobalId, MemoryId, TableId, TypeId};
use crate::program::{Instance, OwnPlace, Program, Tracked, canonical_type};

/// The state of a function's translation.
pub(super) struct Translator<'p, 'f> {
    pub program: &'p Program<'p>,
    pub instance: &'p Instance<'p>,
    pub isa: &'p dyn TargetIsa,
    pub builder: FunctionBuilder<'f>,
    /// The operand stack.
    pub stack: Operands,
    /// Open frames, outermost first.
    pub control: Vec<Frame>,
    /// Those of the open frames that handle exceptions: indices in `control`.
    pub handlers: Vec<usize>,
    /// Whether the instruction being translated is likely to branch, if the module says so.
    pub hint: Option<bool>,
    /// The constant that the instruction before was.
    pub constant: Option<u32>,
    /// Whether the function has a `rethrow`.
    pub rethrows: bool,
    pub locals: Vec<Variable>,
    /// Their types, canonical.
    pub local_types: Vec<ValType>,
    /// Which of them are kept in stack slots for debuggers, and their slots.
    pub tracked: Tracked,
    pub slots: HashMap<u32, ir::StackSlot>,
    /// The count of instructions, in a program that counts them.
    pub fuel: Option<Fuel>,
    /// Whether the current place can be reached.
    pub reachable: bool,
    pub functions: HashMap<Symbol, ir::FuncRef>,
    pub signatures: HashMap<TypeId, ir::SigRef>,
    pub symbols: HashMap<(Symbol, i64), ir::GlobalValue>,
    /// The address of the thread's own area, and the block in which it was read.
    pub own_area: Option<(ir::Block, Value)>,
}

impl<'p, 'f> Translator<'p, 'f> {
    /// The state at the beginning of a function.
    pub fn new(
        program: &'p Program<'p>,
        instance: &'p Instance<'p>,
        isa: &'p dyn TargetIsa,
        builder: FunctionBuilder<'f>,
    ) -> Self {
        Translator {
            program,
            instance,
            isa,
            builder,
            stack: Operands::default(),
            control: Vec::new(),
            handlers: Vec::new(),
            hint: None,
            constant: None,
            rethrows: false,
            locals: Vec::new(),
            local_types: Vec::new(),
            tracked: Tracked::Nothing,
            slots: HashMap::new(),
            fuel: None,
            reachable: true,
            functions: HashMap::new(),
            signatures: HashMap::new(),
            symbols: HashMap::new(),
            own_area: None,
        }
    }
}

/// The count of the instructions that a function carries out.
pub(super) struct Fuel {
    /// What is left, but for `pending`; less than 0 once too much was used.
    pub left: Variable,
    /// Instructions of the straight run so far. 0 where nothing can be reached.
    pub pending: i64,
}

/// What code refers to outside its function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Symbol {
    /// A function of the text.
    Func(FuncId),
    /// A WASI function of the runtime, by its index in [`wasmc_abi::wasi::FUNCTIONS`].
    Wasi(u32),
    /// The function of wasi-threads.
    ThreadSpawn,
    /// A builtin of the runtime.
    Builtin(Builtin),
    /// The first byte of the text.
    Text,
    /// The writable state.
    State,
    /// The zero-initialised state.
    Zero,
    /// The read-only tables.
    ReadOnlyTables,
    /// The table of funcref constants.
    RefFuncs,
    /// An element segment in the image, by its id.
    Elem(u32),
    /// A data segment in the image, by its id.
    Data(u32),
    /// A function of the runtime for components, by its number ([`host_function`]).
    Host(u32),
    /// What such a function is handed, by its id.
    Record(u32),
}

impl Symbol {
    fn external(self) -> UserExternalName {
        let (namespace, index) = match self {
            Symbol::Func(id) => (0, id.as_u32()),
            Symbol::Wasi(index) => (1, index),
            Symbol::Builtin(builtin) => (2, builtin as u32),
            Symbol::Text => (3, 0),
            Symbol::State => (4, 0),
            Symbol::Zero => (5, 0),
            Symbol::ReadOnlyTables => (6, 0),
            Symbol::RefFuncs => (7, 0),
            Symbol::Elem(id) => (8, id),
            Symbol::Data(id) => (9, id),
            Symbol::ThreadSpawn => (10, 0),
            Symbol::Host(index) => (11, index),
            Symbol::Record(id) => (12, id),
        };
        UserExternalName::new(namespace, index)
    }
}

/// The symbol that an external name of the IR means.
pub(crate) fn symbol_of(name: &UserExternalName) -> Symbol {
    match name.namespace {
        0 => Symbol::Func(FuncId::from_u32(name.index)),
        1 => Symbol::Wasi(name.index),
        2 => Symbol::Builtin(Builtin::ALL[name.index as usize]),
        3 => Symbol::Text,
        4 => Symbol::State,
        5 => Symbol::Zero,
        6 => Symbol::ReadOnlyTables,
        7 => Symbol::RefFuncs,
        8 => Symbol::Elem(name.index),
        9 => Symbol::Data(name.index),
        10 => Symbol::ThreadSpawn,
        11 => Symbol::Host(name.index),
        12 => Symbol::Record(name.index),
        namespace => unreachable!("no symbol has namespace {namespace}"),
    }
}

/// The functions of the runtime for components, in the order of their numbers.
fn host_functions() -> impl Iterator<Item = &'static HostFunction> {
    p2::FUNCTIONS.iter().chain(component::INTRINSICS)
}

/// The function of the runtime for components with a number.
pub(crate) fn host_function(number: u32) -> &'static HostFunction {
    let function = host_functions().nth(number as usize);
    function.expect("a function of the lists")
}

/// The symbol of a function of the runtime for components.
pub(super) fn host_symbol(function: &'static HostFunction) -> Symbol {
    let number = host_functions().position(|known| known.symbol == function.symbol);
    Symbol::Host(number.expect("a function of the lists") as u32)
}

/// The builtin that carries out a library call of Cranelift's.
pub(crate) fn libcall(call: ir::LibCall) -> Builtin {
    match call {
        ir::LibCall::CeilF32 => Builtin::ceil_f32,
        ir::LibCall::CeilF64 => Builtin::ceil_f64,
        ir::LibCall::FloorF32 => Builtin::floor_f32,
        ir::LibCall::FloorF64 => Builtin::floor_f64,
        ir::LibCall::TruncF32 => Builtin::trunc_f32,
        ir::LibCall::TruncF64 => Builtin::trunc_f64,
        ir::LibCall::NearestF32 => Builtin::nearest_f32,
        ir::LibCall::NearestF64 => Builtin::nearest_f64,
        ir::LibCall::FmaF32 => Builtin::fma_f32,
        ir::LibCall::FmaF64 => Builtin::fma_f64,
        call => unreachable!("no code of ours needs {call}"),
    }
}

/// The machine type of a value.
pub(super) fn value_type(ty: ValType) -> ir::Type {
    match ty {
        ValType::I32 => types::I32,
        ValType::I64 | ValType::Ref(_) => types::I64,
        ValType::F32 => types::F32,
        ValType::F64 => types::F64,
        ValType::V128 => types::I8X16,
    }
}

/// The signature of a WebAssembly function.
pub(super) fn guest_signature(ty: &FuncType) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    let value = |ty: &ValType| AbiParam::new(value_type(*ty));
    signature.params.extend(ty.params().iter().map(value));
    signature.returns.extend(ty.results().iter().map(value));
    signature
}

/// The signature of the runtime's version of a function: a pointer comes first, to the memory's state
/// or a record.
pub(super) fn runtime_signature(ty: &FuncType) -> Signature {
    let mut signature = guest_signature(ty);
    signature.call_conv = CallConv::SystemV;
    let memory = AbiParam::special(types::I64, ArgumentPurpose::Normal);
    signature.params.insert(0, memory);
    signature
}

fn builtin_signature(builtin: Builtin) -> Signature {
    let ty = |ty: BuiltinType| {
        AbiParam::new(match ty {
            BuiltinType::I32 => types::I32,
            BuiltinType::Ptr | BuiltinType::I64 => types::I64,
            BuiltinType::F32 => types::F32,
            BuiltinType::F64 => types::F64,
        })
    };
    let abi = builtin.signature();
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params.extend(abi.params.iter().map(|&p| ty(p)));
    signature.returns.extend(abi.result.into_iter().map(ty));
    signature
}

/// Memory of the program as alias analysis sees it: one region for each entity, so that one
/// memory under two names is one region.
#[derive(Clone, Copy)]
pub(super) enum Region {
    Memory(MemoryId),
    Table(TableId),
    Global(GlobalId),
    /// The states of memories and tables: sizes.
    Sizes,
    /// Lengths of segments.
    Lengths,
    /// Payloads of exceptions.
    Payloads,
    /// The fuel that is left.
    Fuel,
    /// Where the next object goes.
    Allocation,
    /// Headers of objects, and lengths of arrays: written once, when an object is made.
    Headers,
    /// Fields and elements of objects.
    Objects,
    /// Elements of segments that are made when their instance is.
    ElemCells,
    /// Where references are kept during calls.
    Spills,
}

impl Region {
    fn data(self) -> AliasRegionData {
        let (kind, index, name) = match self {
            Region::Sizes => (0, 0, "sizes"),
            Region::Lengths => (0, 1, "lengths"),
            Region::Payloads => (0, 2, "payloads"),
            Region::Fuel => (0, 3, "fuel"),
            Region::Allocation => (0, 4, "allocation"),
            Region::Headers => (0, 5, "headers"),
            Region::Objects => (0, 6, "objects"),
            Region::Spills => (0, 7, "spills"),
            Region::ElemCells => (0, 8, "elements"),
            Region::Memory(id) => (1, id.as_u32(), "memory"),
            Region::Table(id) => (2, id.as_u32(), "table"),
            Region::Global(id) => (3, id.as_u32(), "global"),
        };
        AliasRegionData {
            user_id: (index << 2) | kind,
            description: name.into(),
        }
    }
}

impl Translator<'_, '_> {
    /// A value type of the function's module, with its type index made canonical.
    pub fn program_type(&self, ty: ValType) -> ValType {
        canonical_type(ty, &self.instance.types)
    }

    /// As [`Self::program_type`] for a reference type.
    pub fn program_ref(&self, ty: RefType) -> RefType {
        match self.program_type(ValType::Ref(ty)) {
            ValType::Ref(ty) => ty,
            _ => unreachable!("a reference type stays one"),
        }
    }

    /// Says where references are kept during calls: apart from all that the program has.
    pub fn set_spill_region(&mut self) {
        if self.program.world.types.has_objects() {
            self.builder
                .make_stack_map_alias_region(Box::new(|regions, _, _, _| {
                    Some(regions.insert(Region::Spills.data()))
                }));
        }
    }

    /// Whether the target is x86-64.
    pub fn is_x86(&self) -> bool {
        matches!(self.isa.triple().architecture, Architecture::X86_64)
    }

    /// Flags of an access to our own data: aligned, never trapping.
    pub fn trusted(&mut self, region: Region) -> MemFlagsData {
        self.flags(MemFlagsData::trusted(), region)
    }

    /// The given flags, in a region.
    pub fn flags(&mut self, flags: MemFlagsData, region: Region) -> MemFlagsData {
        let region = self.builder.func.dfg.alias_regions.insert(region.data());
        flags.with_alias_region(Some(region))
    }

    /// Flags of an access to data that nothing ever writes.
    pub fn constant(&mut self) -> MemFlagsData {
        MemFlagsData::trusted().with_readonly().with_can_move()
    }

    /// The address of a symbol, plus an offset.
    pub fn address(&mut self, symbol: Symbol, offset: i64) -> Value {
        let value = match self.symbols.get(&(symbol, offset)) {
            Some(&value) => value,
            None => {
                let name = self
                    .builder
                    .func
                    .declare_imported_user_function(symbol.external());
                let value = self.builder.create_global_value(GlobalValueData::Symbol {
                    name: ExternalName::user(name),
                    offset: offset.into(),
                    colocated: true,
                    tls: false,
                });
                self.symbols.insert((symbol, offset), value);
                value
            }
        };
        self.builder.ins().symbol_value(types::I64, value)
    }

    /// The address of an offset in the state.
    pub fn state(&mut self, offset: u32) -> Value {
        self.address(Symbol::State, i64::from(offset))
    }

    /// The address of something that each thread has of its own.
    pub fn own(&mut self, place: OwnPlace) -> Value {
        match place {
            OwnPlace::State(offset) => self.state(offset),
            OwnPlace::Area(offset) => {
                let area = self.own_area();
                self.builder.ins().iadd_imm_s(area, i64::from(offset))
            }
        }
    }

    /// The address of the thread's own area. Reading the pinned register costs a move, keeping what
    /// was read for the whole function another register: it is read once in each block, and again
    /// behind calls ([`Self::forget_own_area`]).
    fn own_area(&mut self) -> Value {
        let here = self.builder.current_block();
        let here = here.expect("code is being added to a block");
        match self.own_area {
            Some((block, value)) if block == here => value,
            _ => {
                let value = self.builder.ins().get_pinned_reg(types::I64);
                self.own_area = Some((here, value));
                value
            }
        }
    }

    /// Says that a call was made, over which nothing need be kept that is easily read again.
    pub fn forget_own_area(&mut self) {
        self.own_area = None;
    }

    /// The IR's signature for a signature of the program.
    pub fn signature(&mut self, sig: TypeId) -> ir::SigRef {
        if let Some(&signature) = self.signatures.get(&sig) {
            return signature;
        }
        let signature = guest_signature(self.program.world.types.func(sig));
        let signature = self.builder.import_signature(signature);
        self.signatures.insert(sig, signature);
        signature
    }

    /// The IR's reference to a function of the text.
    pub fn function(&mut self, id: FuncId) -> ir::FuncRef {
        let signature = self.signature(self.program.world.funcs[id].ty);
        self.import(Symbol::Func(id), |_| signature)
    }

    /// The IR's reference to a function of the runtime that is called with a pointer first.
    pub fn runtime_function(&mut self, id: FuncId, symbol: Symbol) -> ir::FuncRef {
        let ty = &self
            .program
            .world
            .types
            .func(self.program.world.funcs[id].ty);
        let signature = runtime_signature(ty);
        self.import(symbol, |builder| builder.import_signature(signature))
    }

    /// Calls a builtin of the runtime.
    pub fn call_builtin(&mut self, builtin: Builtin, args: &[Value]) -> Option<Value> {
        let function = self.import(Symbol::Builtin(builtin), |builder| {
            builder.import_signature(builtin_signature(builtin))
        });
        let call = self.builder.ins().call(function, args);
        self.forget_own_area();
        self.builder.inst_results(call).first().copied()
    }

    fn import(
        &mut self,
        symbol: Symbol,
        signature: impl FnOnce(&mut FunctionBuilder<'_>) -> ir::SigRef,
    ) -> ir::FuncRef {
        if let Some(&function) = self.functions.get(&symbol) {
            return function;
        }
        let signature = signature(&mut self.builder);
        let name = self
            .builder
            .func
            .declare_imported_user_function(symbol.external());
        let function = self.builder.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        });
        self.functions.insert(symbol, function);
        function
    }
}
