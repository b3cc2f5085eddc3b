;; shows: traps
;; What can trap: a trap is one instruction out of the way, or the instruction that does the work.
(module
  (memory 1)
  (table 3 funcref)
  (func (export "unreachable") (unreachable))
  (func (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))
  (func (export "remainder") (param i64 i64) (result i64)
    (i64.rem_u (local.get 0) (local.get 1)))
  (func (export "truncate") (param f64) (result i32)
    (i32.trunc_f64_s (local.get 0)))
  (func (export "table") (param i32) (result funcref)
    (table.get (local.get 0)))
  (func (export "fill") (param i32 i32)
    (memory.fill (local.get 0) (i32.const 0) (local.get 1)))
  (func (export "constant_address")
    (i32.store (i32.const 0xffffffff) (i32.const 1))))
