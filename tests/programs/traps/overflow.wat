;; The one signed division that overflows.
(module
  (global $one (mut i32) (i32.const -1))
  (memory (export "memory") 1)
  (func $inner (drop (i32.div_s (i32.const 0x80000000) (global.get $one))))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
