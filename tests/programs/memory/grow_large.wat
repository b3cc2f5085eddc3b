;; Large growth, which a limit of the system may refuse.
;; invoke: run
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32 i32 i32)
    (memory.grow (i32.const 64))
    (memory.grow (i32.const 16384))
    (memory.grow (i32.const 16))))
