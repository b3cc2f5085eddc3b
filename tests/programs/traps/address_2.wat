;; An index that is near the end of the memory, and an offset.
(module
  (memory (export "memory") 1)
  (func $load (param i32) (result i32) (i32.load offset=65534 (i32.and (local.get 0) (i32.const 1))))
  (func $_start (export "_start") (drop (call $load (i32.const 1)))))
