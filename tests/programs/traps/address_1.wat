;; An index that was shifted, and a large offset.
(module
  (memory (export "memory") 1)
  (func $load (param i32) (result i32) (i32.load offset=0xfffffff8 (i32.shl (local.get 0) (i32.const 3))))
  (func $_start (export "_start") (drop (call $load (i32.const 1)))))
