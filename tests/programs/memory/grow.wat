;; Growth to the declared maximum and not beyond; new pages are zero.
;; invoke: run
(module
  (memory (export "memory") 1 4)
  (func (export "run") (result i32 i32 i32 i32 i32 i32)
    (memory.grow (i32.const 1))
    (memory.grow (i32.const 3))
    (memory.grow (i32.const 2))
    (memory.grow (i32.const 1))
    (i32.store offset=262140 (i32.const 0) (i32.const 7))
    (i32.load offset=262136 (i32.const 0))
    (memory.size)))
