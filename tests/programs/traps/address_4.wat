;; The sum of index and offset has 33 bits.
(module
  (memory (export "memory") 1)
  (func $load (param i32) (result i64) (i64.load offset=0xffffffff (i32.sub (local.get 0) (i32.const 2))))
  (func $_start (export "_start") (drop (call $load (i32.const 1)))))
