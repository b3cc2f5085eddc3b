;; `call_indirect` beyond the end of a table.
(module
  (table 2 funcref)
  (memory (export "memory") 1)
  (func $inner (call_indirect (i32.const 7)))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
