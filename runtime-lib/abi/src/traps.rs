//! Trap codes and their texts.

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why a program trapped. The numbers are stable within one wasmc build only.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Trap { $($(#[$doc])* $name = $code,)* }

        impl Trap {
            /// Every trap, in the order of its code.
            pub const ALL: &[Trap] = &[$(Trap::$name,)*];

            /// The text of the official test suite for this trap.
            pub const fn text(self) -> &'static str {
                match self { $(Trap::$name => $text,)* }
            }

            /// The trap with this code, if there is one.
            pub const fn from_code(code: u8) -> Option<Trap> {
                match code { $($code => Some(Trap::$name),)* _ => None }
            }
        }
    };
}

traps! {
    /// The `unreachable` instruction.
    Unreachable = 1, "unreachable";
    /// A memory access outside the memory.
    MemoryOutOfBounds = 2, "out of bounds memory access";
    /// A table access outside the table.
    TableOutOfBounds = 3, "out of bounds table access";
    /// `call_indirect` with an index outside the table.
    UndefinedElement = 4, "undefined element";
    /// `call_indirect` through a null element.
    UninitializedElement = 5, "uninitialized element";
    /// `call_indirect` through a function of another type.
    IndirectCallTypeMismatch = 6, "indirect call type mismatch";
    /// Integer division or remainder by zero.
    IntegerDivideByZero = 7, "integer divide by zero";
    /// Overflow of a signed division or of a float to integer conversion.
    IntegerOverflow = 8, "integer overflow";
    /// Conversion of NaN to an integer.
    InvalidConversion = 9, "invalid conversion to integer";
    /// The guest's stack is used up.
    CallStackExhausted = 10, "call stack exhausted";
    /// A null reference where a function is needed (`call_ref`).
    NullFunctionReference = 11, "null function reference";
    /// A null reference where a non-null one is needed (`ref.as_non_null`).
    NullReference = 12, "null reference";
    /// An atomic access that is not naturally aligned.
    UnalignedAtomic = 13, "unaligned atomic";
    /// `memory.atomic.wait` on a memory that is not shared.
    ExpectedSharedMemory = 14, "expected shared memory";
    /// `throw` without a handler.
    UncaughtException = 15, "uncaught exception";
    /// The time that `--timeout` gives has passed.
    Interrupted = 16, "interrupt";
    /// `throw_ref` of a null reference.
    NullExceptionReference = 17, "null exception reference";
    /// The instructions that `--fuel` allows have been carried out.
    OutOfFuel = 18, "all fuel consumed by WebAssembly";
}

impl Trap {
    /// This trap's code, as the trap table holds it.
    pub const fn code(self) -> u8 {
        self as u8
    }
}
