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
    /// A null reference where a structure is needed.
    NullStructure = 19, "null structure reference";
    /// A null reference where an array is needed.
    NullArray = 20, "null array reference";
    /// A null reference where an `i31` is needed.
    NullI31 = 21, "null i31 reference";
    /// An access outside an array.
    ArrayOutOfBounds = 22, "out of bounds array access";
    /// `ref.cast` to a type that the reference has not.
    CastFailure = 23, "cast failure";
    /// There is no room for an object, and what is live leaves none; how much is follows the text.
    HeapExhausted = 30, "GC heap exhausted";
    /// An object that is larger than the heap may become.
    AllocationTooLarge = 31, "allocation size too large";

    // Of components: what the canonical ABI does not let pass.

    /// A call out of a component instance during `realloc`, `post-return` or a destructor.
    CannotLeave = 40, "cannot leave component instance";
    /// A call into a component instance that is in the middle of a call out of it.
    CannotEnter = 41, "cannot enter component instance";
    /// A handle that is none; its index follows the text.
    UnknownHandle = 42, "unknown handle index";
    /// A handle of another resource; its index follows the text.
    WrongHandleType = 43, "handle used with the wrong type: index";
    /// Giving up a handle that only borrows.
    NotOwned = 44, "cannot lift own resource from a borrow";
    /// Giving up a resource that is borrowed.
    RemoveBorrowed = 45, "cannot remove owned resource while borrowed";
    /// A function that returns before it has dropped what it was lent.
    BorrowsRemain = 46, "borrow handles still remain at the end of the call";
    /// More handles, or resources of the host, than there may be.
    TooManyHandles = 47, "resource table has no free keys";
    /// Dropping a resource from which others that still exist were made.
    HasChildren = 48, "resource has children";
    /// A pointer that is not aligned.
    UnalignedPointer = 49, "unaligned pointer";
    /// A string outside the memory, or too long.
    StringOutOfBounds = 50, "string pointer/length out of bounds of memory";
    /// A list outside the memory, or too long.
    ListOutOfBounds = 51, "list pointer/length out of bounds of memory";
    /// `realloc` gave what lies outside the memory.
    ReallocOutOfBounds = 52, "realloc return: beyond end of memory";
    /// `realloc` gave what is not aligned.
    ReallocUnaligned = 53, "realloc return: result not aligned";
    /// A string that is not UTF-8.
    InvalidUtf8 = 54, "invalid utf-8";
    /// A string that ends within a character.
    IncompleteUtf8 = 61, "incomplete utf-8 byte sequence";
    /// A string that is not UTF-16.
    InvalidUtf16 = 55, "invalid utf-16";
    /// A case that a variant does not have.
    InvalidDiscriminant = 56, "invalid variant discriminant";
    /// A character that is none.
    InvalidChar = 57, "invalid `char` bit pattern";
    /// A call of `poll` without pollables.
    EmptyPoll = 58, "empty poll list";
    /// Writing more than the last `check-write` permits.
    WriteNotPermitted = 59, "write exceeds what was permitted";
    /// The system has no random bytes.
    NoRandomBytes = 60, "the system gives no random bytes";
    /// More than the host keeps for the guest (`--max-host-memory`, or the size of fields).
    HostMemory = 62, "the host keeps no more for the program";
    /// A handler of requests that ends the program.
    Exited = 63, "the handler has ended the program";
}

impl Trap {
    /// This trap's code, as the trap table holds it.
    pub const fn code(self) -> u8 {
        self as u8
    }
}
