//! What must a module do? wasmi says it.

use wasmc_abi::layout;
use wasmc_abi::traps::Trap;
use wasmi::errors::{ErrorKind, InstantiationError};
use wasmi::{
    Config, Engine, Extern, ExternRef, Func, Instance, Memory, Module, Ref, Store, TrapCode, Val,
    ValType,
};

use super::generate::REFUEL;
use super::random::Random;
use crate::records::Event;

/// Argument lists for each function.
const ROUNDS: usize = 6;

/// Something that is done with an instance, and what must come of it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub action: Action,
    pub expect: Expect,
}

/// What is done; exports are given by name.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Instantiate,
    Invoke { export: String, args: Vec<Value> },
    ReadGlobal(String),
    HashMemory(String),
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128(u128),
    NullFunc,
    /// `None` is null.
    Extern(Option<u32>),
}

impl Value {
    /// The bits that a script's executable takes for it.
    pub(super) fn bits(self) -> u128 {
        match self {
            Value::I32(bits) | Value::F32(bits) => bits.into(),
            Value::I64(bits) | Value::F64(bits) => bits.into(),
            Value::V128(bits) => bits,
            Value::NullFunc | Value::Extern(None) => 0,
            Value::Extern(Some(number)) => layout::externref(number).into(),
        }
    }
}

/// What must come of an action.
#[derive(Clone, Debug)]
pub(super) enum Expect {
    Results(Vec<Pattern>),
    Trap(TrapCode),
}

/// What a result must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pattern {
    Bits(u128),
    /// A reference to a function, whichever.
    Func,
}

/// The steps of a module, and what must come of each; the error says why there is no saying.
pub(super) fn steps(seed: u64, module: &[u8]) -> Result<Vec<Step>, String> {
    let engine = Engine::new(&config());
    let module = Module::new(&engine, module).map_err(|error| error.to_string())?;
    let mut store = Store::new(&engine, ());
    let expect = |result: &Result<Instance, wasmi::Error>| match result {
        Ok(_) => Ok(Expect::Results(Vec::new())),
        Err(error) => trap(error).map(Expect::Trap),
    };
    let result = Instance::new(&mut store, &module, &[]);
    let mut steps = vec![Step {
        action: Action::Instantiate,
        expect: expect(&result)?,
    }];
    let Ok(instance) = result else {
        return Ok(steps);
    };
    let mut run = Run {
        store,
        instance,
        random: Random::new(!seed),
        steps: Vec::new(),
    };
    // What happened before the engine gave up is still worth a comparison.
    let _ = run.call_everything(&module);
    run.read_state(&module);
    steps.append(&mut run.steps);
    Ok(steps)
}

fn config() -> Config {
    let mut config = Config::default();
    config
        .set_max_recursion_depth(100_000)
        .set_max_stack_height(256 << 20)
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true)
        .compilation_mode(wasmi::CompilationMode::Eager);
    config
}

struct Run {
    store: Store<()>,
    instance: Instance,
    random: Random,
    steps: Vec<Step>,
}

impl Run {
    /// Calls every function with every list of arguments; the error says why it stopped.
    fn call_everything(&mut self, module: &Module) -> Result<(), String> {
        let funcs: Vec<_> = module
            .exports()
            .filter_map(|export| Some((export.name().to_owned(), export.ty().func()?.clone())))
            .filter(|(name, _)| name != REFUEL)
            .collect();
        for round in 0..ROUNDS {
            for (name, ty) in &funcs {
                if round > 0 && ty.params().is_empty() && !self.random.eighths(2) {
                    continue;
                }
                let args: Vec<_> = ty.params().iter().map(|&ty| self.value(ty)).collect();
                self.call(REFUEL, Vec::new())?;
                self.call(name, args)?;
            }
        }
        Ok(())
    }

    fn call(&mut self, name: &str, args: Vec<Value>) -> Result<(), String> {
        let func = self.func(name);
        let inputs: Vec<_> = args.iter().map(|&arg| self.operand(arg)).collect();
        let mut outputs: Vec<_> = func
            .ty(&self.store)
            .results()
            .iter()
            .map(|&ty| Val::default(ty))
            .collect();
        let expect = match func.call(&mut self.store, &inputs, &mut outputs) {
            Ok(()) => Expect::Results(outputs.iter().map(|val| self.pattern(val)).collect()),
            Err(error) => Expect::Trap(trap(&error)?),
        };
        self.steps.push(Step {
            action: Action::Invoke {
                export: name.to_owned(),
                args,
            },
            expect,
        });
        Ok(())
    }

    fn func(&self, name: &str) -> Func {
        self.instance
            .get_func(&self.store, name)
            .expect("the module exports it")
    }

    /// What globals and memories hold in the end.
    fn read_state(&mut self, module: &Module) {
        for export in module.exports() {
            let name = export.name().to_owned();
            let (action, pattern) = match self.instance.get_export(&self.store, &name) {
                Some(Extern::Global(global)) => {
                    let val = global.get(&self.store);
                    (Action::ReadGlobal(name), self.pattern(&val))
                }
                Some(Extern::Memory(memory)) => {
                    (Action::HashMemory(name), Pattern::Bits(self.hash(memory)))
                }
                _ => continue,
            };
            self.steps.push(Step {
                action,
                expect: Expect::Results(vec![pattern]),
            });
        }
    }

    /// As the driver hashes: FNV-1a of 64 bits, and the size in bytes above it.
    fn hash(&self, memory: Memory) -> u128 {
        let data = memory.data(&self.store);
        let hash = data.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        u128::from(hash) | (data.len() as u128) << 64
    }

    /// An argument: mostly one of the values on which code breaks.
    fn value(&mut self, ty: ValType) -> Value {
        let random = &mut self.random;
        match ty {
            ValType::I32 => Value::I32(int(random, 32) as u32),
            ValType::I64 => Value::I64(int(random, 64)),
            ValType::F32 => Value::F32(f32(random)),
            ValType::F64 => Value::F64(f64(random)),
            ValType::V128 => Value::V128(v128(random)),
            ValType::FuncRef => Value::NullFunc,
            ValType::ExternRef => {
                Value::Extern(random.eighths(5).then(|| random.below(1000) as u32))
            }
        }
    }

    fn operand(&mut self, value: Value) -> Val {
        match value {
            Value::I32(bits) => Val::I32(bits.cast_signed()),
            Value::I64(bits) => Val::I64(bits.cast_signed()),
            Value::F32(bits) => Val::F32(wasmi::F32::from_bits(bits)),
            Value::F64(bits) => Val::F64(wasmi::F64::from_bits(bits)),
            Value::V128(bits) => Val::V128(wasmi::V128::from(bits)),
            Value::NullFunc => Val::FuncRef(Ref::Null),
            Value::Extern(None) => Val::ExternRef(Ref::Null),
            Value::Extern(Some(number)) => {
                Val::ExternRef(Ref::Val(ExternRef::new(&mut self.store, number)))
            }
        }
    }

    fn pattern(&self, val: &Val) -> Pattern {
        Pattern::Bits(match val {
            Val::I32(value) => value.cast_unsigned().into(),
            Val::I64(value) => value.cast_unsigned().into(),
            Val::F32(value) => value.to_bits().into(),
            Val::F64(value) => value.to_bits().into(),
            Val::V128(value) => value.as_u128(),
            Val::FuncRef(Ref::Val(_)) => return Pattern::Func,
            Val::FuncRef(Ref::Null) | Val::ExternRef(Ref::Null) => 0,
            Val::ExternRef(Ref::Val(reference)) => {
                let number = reference.data(&self.store).downcast_ref::<u32>();
                let number = number.expect("only numbers were handed in");
                layout::externref(*number).into()
            }
        })
    }
}

/// A bit pattern of an integer.
fn int(random: &mut Random, width: u32) -> u64 {
    let mask = u64::MAX >> (64 - width);
    let value = match random.below(8) {
        0 => random.choose(&[0, 1, 2, u64::MAX, u64::MAX - 1]),
        1 => random.choose(&[
            1 << (width - 1),
            (1 << (width - 1)) - 1,
            1 << 31,
            (1 << 31) - 1,
        ]),
        2 => random.choose(&[0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000]),
        3 => 1 << random.below(width as usize),
        4 => (1u64 << random.below(width as usize)).wrapping_sub(1),
        // An address in a small memory, or just beyond its pages.
        5 => random.next() & 0xffff,
        // On both sides of a page's end.
        6 => (random.below(5) as u64 * 0x1_0000 + random.below(34) as u64).wrapping_sub(17),
        _ => random.next(),
    };
    value & mask
}

fn f32(random: &mut Random) -> u32 {
    let value = match random.below(4) {
        0 => random.choose(&[
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -0.5,
            1.5,
            2.5,
            f32::MAX,
            f32::MIN_POSITIVE,
        ]),
        1 => random.choose(&[
            f32::INFINITY,
            f32::NEG_INFINITY,
            2147483648.0,
            -2147483648.0,
            4294967296.0,
            9.223_372e18,
            1.844_674_4e19,
            2147483520.0,
            1e-45,
        ]),
        // NaNs of all kinds.
        2 => {
            return random.choose(&[
                0x7fc0_0000,
                0xffc0_0000,
                0x7f80_0001,
                0xffa0_0000,
                0x7fff_ffff,
            ]);
        }
        _ => return random.next() as u32,
    };
    value.to_bits()
}

fn f64(random: &mut Random) -> u64 {
    let value = match random.below(4) {
        0 => random.choose(&[
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -0.5,
            1.5,
            2.5,
            f64::MAX,
            f64::MIN_POSITIVE,
        ]),
        1 => random.choose(&[
            f64::INFINITY,
            f64::NEG_INFINITY,
            2147483647.0,
            -2147483649.0,
            4294967295.5,
            9.223_372_036_854_776e18,
            1.844_674_407_370_955_2e19,
            5e-324,
        ]),
        2 => {
            return random.choose(&[
                0x7ff8 << 48,
                0xfff8 << 48,
                (0x7ff0 << 48) | 1,
                0xfff4 << 48,
                u64::MAX >> 1,
            ]);
        }
        _ => return random.next(),
    };
    value.to_bits()
}

/// Lanes of one kind, or all alike.
fn v128(random: &mut Random) -> u128 {
    let kind = random.below(6);
    let splat = random.eighths(2);
    let width = [8, 16, 32, 64, 32, 64][kind];
    let mut bits = 0;
    let mut lane = 0;
    for at in 0..128 / width {
        if at == 0 || !splat {
            lane = match kind {
                4 => f32(random).into(),
                5 => f64(random),
                _ => int(random, width),
            };
        }
        bits |= u128::from(lane) << (at * width);
    }
    bits
}

/// The trap that an error is; the error's text when it is none that the standard knows.
fn trap(error: &wasmi::Error) -> Result<TrapCode, String> {
    if let ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) =
        error.kind()
    {
        return Ok(TrapCode::TableOutOfBounds);
    }
    match error.as_trap_code() {
        // How deep recursion may go is each engine's own matter.
        None | Some(TrapCode::StackOverflow) => Err(error.to_string()),
        Some(TrapCode::OutOfFuel | TrapCode::GrowthOperationLimited) => Err(error.to_string()),
        Some(code) => Ok(code),
    }
}

/// Whether what happened is what must happen.
pub(super) fn agrees(expect: &Expect, event: &Event) -> bool {
    match (expect, event) {
        (Expect::Results(patterns), Event::Values(bits)) => {
            patterns.len() == bits.len()
                && patterns
                    .iter()
                    .zip(bits)
                    .all(|(pattern, &bits)| match pattern {
                        Pattern::Bits(expected) => *expected == bits,
                        Pattern::Func => bits != 0,
                    })
        }
        (Expect::Trap(code), Event::Trap(trap)) => same_trap(*code, *trap),
        _ => false,
    }
}

fn same_trap(code: TrapCode, trap: Trap) -> bool {
    match code {
        TrapCode::UnreachableCodeReached => trap == Trap::Unreachable,
        TrapCode::MemoryOutOfBounds => trap == Trap::MemoryOutOfBounds,
        // wasmi has one code for both.
        TrapCode::TableOutOfBounds => {
            matches!(trap, Trap::TableOutOfBounds | Trap::UndefinedElement)
        }
        TrapCode::IndirectCallToNull => trap == Trap::UninitializedElement,
        TrapCode::IntegerDivisionByZero => trap == Trap::IntegerDivideByZero,
        TrapCode::IntegerOverflow => trap == Trap::IntegerOverflow,
        TrapCode::BadConversionToInteger => trap == Trap::InvalidConversion,
        TrapCode::BadSignature => trap == Trap::IndirectCallTypeMismatch,
        _ => false,
    }
}
