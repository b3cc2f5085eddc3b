;; The sum of a 64-bit index and an offset overflows.
(module
  (memory i64 1)
  (func $inner (param i64) (drop (i64.load offset=16 (local.get 0))))
  (func (export "_start") (call $inner (i64.const -16))))
