;; `memory.fill` beyond the end: nothing is written.
(module

  (memory (export "memory") 1)
  (func $inner (memory.fill (i32.const 65000) (i32.const 1) (i32.const 1000)))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
