;; `call_indirect` of a function of another type.
(module
  (table 1 funcref) (elem (i32.const 0) $other) (func $other (result i32) (i32.const 1))
  (memory (export "memory") 1)
  (func $inner (drop (call_indirect (result i64) (i32.const 0))))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
