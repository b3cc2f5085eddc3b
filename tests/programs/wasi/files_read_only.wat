;; A folder granted for reading: creating a file fails, reading does not.
;; folder: /data:ro
;; file: in.txt=some text
;; invoke: run
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "in.txt")
  (data (i32.const 110) "new.txt")
  (func (export "run") (result i32 i32 i32)
    (call $path_open (i32.const 3) (i32.const 1) (i32.const 100) (i32.const 6)
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 12))
    (i32.ne (i32.const 0) (call $path_open (i32.const 3) (i32.const 1) (i32.const 110)
      (i32.const 7) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 12)))
    (i32.ne (i32.const 0) (call $path_open (i32.const 3) (i32.const 1) (i32.const 100)
      (i32.const 6) (i32.const 8) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 12)))))
