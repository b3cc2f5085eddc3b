;; `call_ref` of a null reference.
(module
  (type $f (func))
  (memory (export "memory") 1)
  (func $inner (call_ref $f (ref.null $f)))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
