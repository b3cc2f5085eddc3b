//! Functions of the runtime that compiled code calls, other than WASI functions.

/// Calls a macro with the list of builtins: `name = "symbol" (parameters) -> result;`.
///
/// All have the System V (AAPCS64) calling convention. None of them traps, but for want of stack,
/// handlers or heap: compiled code checks bounds before it calls. `gc_allocate` is the only one that
/// may move objects.
#[macro_export]
macro_rules! for_each_builtin {
    ($mac:ident) => {
        $mac! {
            /// Grows a memory by `delta` pages: the old size in pages, or -1 (of 64 bits).
            memory_grow = "wasmc_memory_grow" (memory: ptr, delta: i64) -> i64;
            /// Grows a table by `delta` elements set to `init`: the old size in elements, or -1.
            table_grow = "wasmc_table_grow" (table: ptr, delta: i64, init: i64) -> i64;
            /// Sets `count` 8-byte elements from `dst` to `value`.
            table_fill = "wasmc_table_fill" (dst: ptr, value: i64, count: i64);
            /// Copies `len` bytes; the ranges may overlap.
            memory_move = "wasmc_memmove" (dst: ptr, src: ptr, len: i64);
            /// Sets `len` bytes from `dst` to the low byte of `value`.
            memory_set = "wasmc_memset" (dst: ptr, value: i32, len: i64);
            /// Wakes at most `count` (unsigned) of those that wait at `address`: how many.
            memory_notify = "wasmc_memory_notify" (address: ptr, count: i32) -> i32;
            /// Waits at `address` while the value there is `expected`, for at most `timeout`
            /// nanoseconds, or for ever if that is negative: 0 woken, 1 another value, 2 timeout.
            memory_wait32 = "wasmc_memory_wait32" (address: ptr, expected: i32, timeout: i64) -> i32;
            /// As `memory_wait32` for a value of 64 bits.
            memory_wait64 = "wasmc_memory_wait64" (address: ptr, expected: i64, timeout: i64) -> i32;
            /// Throws an exception out of the function whose frame pointer is given; never returns.
            throw = "wasmc_throw" (exception: i64, frame: ptr);
            /// Copies an exception's payload to a place of its own: its unit.
            keep_payload = "wasmc_keep_payload" (pool: ptr, payload: ptr) -> i32;
            /// Makes room for an object of `bytes` bytes, a type's: its address. All of it is the
            /// caller's to write before the next call. May move every object. Traps if there is no
            /// room.
            gc_allocate = "wasmc_gc_allocate" (ty: i32, bytes: i64) -> i64;
            /// Sets `count` elements of an array, from `dst`, to the low `size` bytes (1, 2, 4, 8 or
            /// 16) of `low` and `high`.
            gc_fill = "wasmc_gc_fill" (dst: ptr, low: i64, high: i64, size: i32, count: i64);
            /// Copies `count` references from cells of 8 bytes to elements of 4.
            gc_from_cells = "wasmc_gc_from_cells" (dst: ptr, cells: ptr, count: i64);
            /// Rounds towards positive infinity.
            ceil_f32 = "wasmc_ceilf32" (x: f32) -> f32;
            /// Rounds towards positive infinity.
            ceil_f64 = "wasmc_ceilf64" (x: f64) -> f64;
            /// Rounds towards negative infinity.
            floor_f32 = "wasmc_floorf32" (x: f32) -> f32;
            /// Rounds towards negative infinity.
            floor_f64 = "wasmc_floorf64" (x: f64) -> f64;
            /// Rounds towards zero.
            trunc_f32 = "wasmc_truncf32" (x: f32) -> f32;
            /// Rounds towards zero.
            trunc_f64 = "wasmc_truncf64" (x: f64) -> f64;
            /// Rounds to the nearest integer, ties to even.
            nearest_f32 = "wasmc_nearestf32" (x: f32) -> f32;
            /// Rounds to the nearest integer, ties to even.
            nearest_f64 = "wasmc_nearestf64" (x: f64) -> f64;
            /// Fused multiply-add, correctly rounded.
            fma_f32 = "wasmc_fmaf32" (x: f32, y: f32, z: f32) -> f32;
            /// Fused multiply-add, correctly rounded.
            fma_f64 = "wasmc_fmaf64" (x: f64, y: f64, z: f64) -> f64;
        }
    };
}

/// The type of a builtin's parameter or result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the machine types")]
pub enum BuiltinType {
    Ptr,
    I32,
    I64,
    F32,
    F64,
}

/// A builtin's symbol and signature.
#[derive(Debug)]
pub struct BuiltinSignature {
    /// The builtin's symbol in the runtime object.
    pub symbol: &'static str,
    /// Parameter types.
    pub params: &'static [BuiltinType],
    /// Result type.
    pub result: Option<BuiltinType>,
}

macro_rules! builtin_type {
    (ptr) => {
        BuiltinType::Ptr
    };
    (i32) => {
        BuiltinType::I32
    };
    (i64) => {
        BuiltinType::I64
    };
    (f32) => {
        BuiltinType::F32
    };
    (f64) => {
        BuiltinType::F64
    };
}

macro_rules! define_builtins {
    ($($(#[$doc:meta])* $name:ident = $symbol:literal ($($param:ident: $ty:ident),*) $(-> $result:ident)?;)*) => {
        /// A builtin of the runtime.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[expect(non_camel_case_types, reason = "the names are those of the list")]
        #[repr(u32)]
        pub enum Builtin { $($(#[$doc])* $name,)* }

        impl Builtin {
            /// Every builtin, in the order of the list.
            pub const ALL: &[Builtin] = &[$(Builtin::$name,)*];

            /// The builtin's symbol and signature.
            pub const fn signature(self) -> BuiltinSignature {
                match self {
                    $(Builtin::$name => BuiltinSignature {
                        symbol: $symbol,
                        params: &[$(builtin_type!($ty)),*],
                        result: builtin_result!($($result)?),
                    },)*
                }
            }
        }
    };
}

macro_rules! builtin_result {
    () => {
        None
    };
    ($ty:ident) => {
        Some(builtin_type!($ty))
    };
}

for_each_builtin!(define_builtins);
