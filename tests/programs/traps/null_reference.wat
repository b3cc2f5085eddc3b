;; `ref.as_non_null` of a null reference.
(module
  (memory (export "memory") 1)
  (func $inner (drop (ref.as_non_null (ref.null extern))))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
