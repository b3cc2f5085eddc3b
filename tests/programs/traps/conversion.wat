;; A NaN has no integer.
(module
  (global $nan (mut f64) (f64.const nan))
  (memory (export "memory") 1)
  (func $inner (drop (i32.trunc_f64_s (global.get $nan))))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
