;; What is outside a granted folder cannot be reached: the errnos are printed.
;; folder: /data
;; file: in.txt=some text
;; link: out=/etc/passwd
;; link: up=../../etc/passwd
;; link: in=in.txt
;; invoke: run
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "../etc/passwd")
  (data (i32.const 120) "/etc/passwd")
  (data (i32.const 140) "out")
  (data (i32.const 150) "up")
  (data (i32.const 160) "in")
  (func $open (param $fd i32) (param $path i32) (param $len i32) (result i32)
    (call $path_open (local.get $fd) (i32.const 1) (local.get $path) (local.get $len)
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 12)))
  (func (export "run") (result i32 i32 i32 i32 i32 i32)
    (call $open (i32.const 3) (i32.const 100) (i32.const 13))
    (call $open (i32.const 3) (i32.const 120) (i32.const 11))
    (call $open (i32.const 3) (i32.const 140) (i32.const 3))
    (call $open (i32.const 3) (i32.const 150) (i32.const 2))
    (call $open (i32.const 3) (i32.const 160) (i32.const 2))
    (call $open (i32.const 4) (i32.const 160) (i32.const 2))))
