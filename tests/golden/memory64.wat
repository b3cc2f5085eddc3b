;; shows: further memories
;; A memory with indices of 64 bits: explicit checks, and a constant base all the same.
(module
  (memory i64 1 4)
  (func (export "load") (param i64) (result i32) (i32.load offset=16 (local.get 0)))
  (func (export "store") (param i64) (i64.store (local.get 0) (i64.const 1)))
  (func (export "size") (result i64) (memory.size))
  (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))
