;; Threads open, write, read, list and close files at the same time, sharing one folder and one
;; table of descriptors. The result is how many calls did not do what is expected of them.
;; folder: /data
;; invoke: run
(module
  (import "env" "memory" (memory 2 2 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread"
    (func $fd_pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir"
    (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
  ;; Each thread has a page of 4 KiB at 8192 + 4096 * number: its name at 0, what it writes at 8, a
  ;; list of buffers at 16 and at 24, results at 32 and 40, what it reads at 48, a listing at 1024.
  (func $expect (param $errno i32)
    (if (local.get $errno) (then (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1))))))
  (func $round (param $at i32) (local $fd i32)
    (call $expect (call $path_open (i32.const 3) (i32.const 0) (local.get $at) (i32.const 1)
      (i32.const 9) (i64.const 0x46) (i64.const 0) (i32.const 0) (i32.add (local.get $at) (i32.const 32))))
    (local.set $fd (i32.load offset=32 (local.get $at)))
    (call $expect (call $fd_write (local.get $fd) (i32.add (local.get $at) (i32.const 16))
      (i32.const 1) (i32.add (local.get $at) (i32.const 40))))
    (call $expect (call $fd_pread (local.get $fd) (i32.add (local.get $at) (i32.const 24))
      (i32.const 1) (i64.const 0) (i32.add (local.get $at) (i32.const 40))))
    (call $expect (i64.ne (i64.load offset=8 (local.get $at)) (i64.load offset=48 (local.get $at))))
    ;; A listing of the whole folder, from its beginning: at least its own file, `.` and `..`.
    (call $expect (call $fd_readdir (i32.const 3) (i32.add (local.get $at) (i32.const 1024))
      (i32.const 1024) (i64.const 0) (i32.add (local.get $at) (i32.const 40))))
    (call $expect (i32.lt_u (i32.load offset=40 (local.get $at)) (i32.const 76)))
    (call $expect (call $sched_yield))
    (call $expect (call $fd_close (local.get $fd))))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (local $at i32) (local $left i32)
    (local.set $at (i32.add (i32.const 8192) (i32.shl (local.get $arg) (i32.const 12))))
    (i32.store8 (local.get $at) (i32.add (i32.const 0x61) (local.get $arg)))
    (i64.store offset=8 (local.get $at)
      (i64.add (i64.const 0x3031323334353630) (i64.extend_i32_u (local.get $arg))))
    (i32.store offset=16 (local.get $at) (i32.add (local.get $at) (i32.const 8)))
    (i32.store offset=20 (local.get $at) (i32.const 8))
    (i32.store offset=24 (local.get $at) (i32.add (local.get $at) (i32.const 48)))
    (i32.store offset=28 (local.get $at) (i32.const 8))
    (local.set $left (i32.const 40))
    (loop $again
      (call $round (local.get $at))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const -1))))
  (func $join (param $count i32) (local $done i32)
    (loop $again
      (local.set $done (i32.atomic.load (i32.const 0)))
      (if (i32.ne (local.get $done) (local.get $count))
        (then
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $done) (i64.const -1)))
          (br $again)))))
  (func (export "run") (result i32) (local $number i32)
    (loop $again
      (if (i32.le_s (call $spawn (local.get $number)) (i32.const 0)) (then unreachable))
      (br_if $again
        (i32.lt_u (local.tee $number (i32.add (local.get $number) (i32.const 1))) (i32.const 4))))
    (call $join (i32.const 4))
    (i32.atomic.load (i32.const 4))))
