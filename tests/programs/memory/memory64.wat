;; A memory with 64-bit indices: its last bytes, and growth.
;; invoke: run
(module
  (memory i64 1 3)
  (data (i64.const 65532) "\01\02\03\04")
  (func (export "run") (result i32 i64 i64 i32 i64)
    (i32.load offset=65528 (i64.const 4))
    (memory.grow (i64.const 2))
    (memory.grow (i64.const 1))
    (i32.load (i64.const 196604))
    (memory.size)))
