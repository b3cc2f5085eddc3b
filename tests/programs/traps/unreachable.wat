;; The `unreachable` instruction.
(module

  (memory (export "memory") 1)
  (func $inner (unreachable))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
