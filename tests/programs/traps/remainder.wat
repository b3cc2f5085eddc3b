;; An integer remainder by zero.
(module
  (global $zero (mut i64) (i64.const 0))
  (memory (export "memory") 1)
  (func $inner (drop (i64.rem_s (i64.const 1) (global.get $zero))))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
