;; Strings between components: UTF-16 to UTF-8, and the answer from Latin-1 or UTF-16 to UTF-16. The
;; status is what was computed of both.
(component
  (import "wasi:cli/exit@0.2.12" (instance $exit
    (export "exit-with-code" (func (param "status-code" u8)))))
  ;; Gives a string of `n` characters, and the bytes of one.
  (component $callee
    (core module $m
      (memory (export "memory") 1)
      (global $free (mut i32) (i32.const 1024))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $free (i32.and
          (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get 2))))
        (global.get $free)
        (global.set $free (i32.add (global.get $free) (local.get 3))))
      (func (export "bytes") (param i32 i32) (result i32) (local.get 1))
      ;; "é" as Latin-1, so often as asked for.
      (func (export "repeat") (param $n i32) (result i32)
        (memory.fill (i32.const 256) (i32.const 0xe9) (local.get $n))
        (i32.store (i32.const 0) (i32.const 256))
        (i32.store (i32.const 4) (local.get $n))
        (i32.const 0)))
    (core instance $i (instantiate $m))
    (func (export "bytes") (param "s" string) (result u32)
      (canon lift (core func $i "bytes") (memory (core memory $i "memory"))
        (realloc (core func $i "realloc"))))
    (func (export "repeat") (param "n" u32) (result string)
      (canon lift (core func $i "repeat") (memory (core memory $i "memory"))
        (realloc (core func $i "realloc")) string-encoding=latin1+utf16)))
  (component $caller
    (import "bytes" (func $bytes (param "s" string) (result u32)))
    (import "repeat" (func $repeat (param "n" u32) (result string)))
    (import "exit" (func $exit (param "status-code" u8)))
    (core func $exit (canon lower (func $exit)))
    (core module $memory
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 512)))
    (core instance $memory (instantiate $memory))
    (core func $bytes (canon lower (func $bytes) string-encoding=utf16
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
    (core func $repeat (canon lower (func $repeat) string-encoding=utf16
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
    (core module $m
      (import "" "memory" (memory 1))
      (import "" "bytes" (func $bytes (param i32 i32) (result i32)))
      (import "" "repeat" (func $repeat (param i32 i32)))
      (import "" "exit" (func $exit (param i32)))
      ;; "hé€" as UTF-16: six bytes of UTF-8.
      (data (i32.const 16) "h\00\e9\00\ac\20")
      (func (export "run") (result i32)
        (call $repeat (i32.const 5) (i32.const 64))
        (call $exit (i32.add
          (i32.mul (call $bytes (i32.const 16) (i32.const 3)) (i32.const 10))
          (i32.add
            (i32.load (i32.const 68))
            (i32.eq (i32.const 0xe9)
              (i32.load16_u (i32.add (i32.load (i32.const 64)) (i32.const 8)))))))
        (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance
      (export "memory" (memory $memory "memory"))
      (export "bytes" (func $bytes)) (export "repeat" (func $repeat))
      (export "exit" (func $exit))))))
    (func (export "run") (result (result)) (canon lift (core func $i "run"))))
  (instance $callee (instantiate $callee))
  (instance $caller (instantiate $caller
    (with "bytes" (func $callee "bytes")) (with "repeat" (func $callee "repeat"))
    (with "exit" (func $exit "exit-with-code"))))
  (instance $command (export "run" (func $caller "run")))
  (export "wasi:cli/run@0.2.12" (instance $command)))
