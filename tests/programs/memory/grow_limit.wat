;; Growth to what `--max-memory` allows.
;; max-memory: 196608
;; invoke: run
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32 i32 i32)
    (memory.grow (i32.const 3))
    (memory.grow (i32.const 2))
    (memory.size)))
