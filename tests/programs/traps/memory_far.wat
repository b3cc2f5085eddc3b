;; A store as far beyond the memory as an index and an offset reach.
(module

  (memory (export "memory") 1)
  (func $inner (i64.store offset=0xffffffff (i32.const -1) (i64.const 1)))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
