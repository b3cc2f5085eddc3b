;; A negative index does not reach what is before the memory.
(module
  (memory (export "memory") 1)
  (func $load (param i32) (result i32) (i32.load offset=16 (i32.sub (local.get 0) (i32.const 8))))
  (func $_start (export "_start") (drop (call $load (i32.const 1)))))
