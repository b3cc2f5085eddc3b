;; Names in a backtrace: control characters are escaped, names of library functions capture nothing.
(module
  (memory (export "memory") 1)
  (func $memcpy (@name "memcpy") (param i32) (unreachable))
  (func $odd (@name "a\1b[31m\u{202e}b") (call $memcpy (i32.const 1)))
  (func $_start (export "_start")
    (memory.copy (i32.const 0) (i32.const 8) (i32.const 8))
    (call $odd)))
