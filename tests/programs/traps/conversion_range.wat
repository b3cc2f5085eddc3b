;; A float that is too large for an integer.
(module
  (global $large (mut f32) (f32.const 0x1p64))
  (memory (export "memory") 1)
  (func $inner (drop (i64.trunc_f32_u (global.get $large))))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
