;; Several memories, each with its own bounds.
;; invoke: run
(module
  (memory $a 1)
  (memory $b 2)
  (data (memory $b) (i32.const 131068) "\01\02\03\04")
  (func (export "run") (result i32 i32 i32 i32)
    (i32.store $a (i32.const 65532) (i32.load $b (i32.const 131068)))
    (memory.copy $a $b (i32.const 0) (i32.const 131068) (i32.const 4))
    (i32.load $a (i32.const 0))
    (i32.load $a (i32.const 65532))
    (memory.grow $a (i32.const 1))
    (i32.add (memory.size $a) (memory.size $b))))
