;; An integer division by zero.
(module
  (global $zero (mut i32) (i32.const 0))
  (memory (export "memory") 1)
  (func $inner (drop (i32.div_u (i32.const 1) (global.get $zero))))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
