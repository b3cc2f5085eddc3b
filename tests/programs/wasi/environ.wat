;; Prints its environment, each with the NUL that ends it.
;; env: A=b=c
;; env: EMPTY=
;; options: --env MORE=yes\ sir
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $print (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (local $at i32)
    (if (call $sizes (i32.const 16) (i32.const 20)) (then (unreachable)))
    (if (call $get (i32.const 1024) (i32.const 4096)) (then (unreachable)))
    (local.set $at (i32.load (i32.const 1024)))
    (call $print (local.get $at)
      (i32.sub (i32.add (i32.const 4096) (i32.load (i32.const 20))) (local.get $at)))))
