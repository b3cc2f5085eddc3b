;; A load beyond the end of the memory.
(module

  (memory (export "memory") 1)
  (func $inner (drop (i32.load (i32.const 65533))))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
