;; Reads a file of a granted folder, writes another, renames, links, and makes a folder.
;; folder: /data
;; file: in.txt=some text
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename"
    (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_symlink"
    (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory"
    (func $mkdir (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "in.txt")
  (data (i32.const 110) "out.txt")
  (data (i32.const 120) "moved.txt")
  (data (i32.const 130) "link")
  (data (i32.const 140) "sub")
  (func $must (param i32) (if (local.get 0) (then (unreachable))))
  (func $open (param $path i32) (param $len i32) (param $oflags i32) (result i32)
    (call $must (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len)
      (local.get $oflags) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 12)))
    (i32.load (i32.const 12)))
  (func (export "_start")
    (local $fd i32)
    (local.set $fd (call $open (i32.const 100) (i32.const 6) (i32.const 0)))
    (i32.store (i32.const 0) (i32.const 1000))
    (i32.store (i32.const 4) (i32.const 100))
    (call $must (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $must (call $fd_close (local.get $fd)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (i32.store8 (i32.const 1000) (i32.const 83))
    (local.set $fd (call $open (i32.const 110) (i32.const 7) (i32.const 5)))
    (call $must (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $must (call $fd_close (local.get $fd)))
    (call $must (call $path_rename (i32.const 3) (i32.const 110) (i32.const 7)
      (i32.const 3) (i32.const 120) (i32.const 9)))
    (call $must (call $path_symlink (i32.const 120) (i32.const 9)
      (i32.const 3) (i32.const 130) (i32.const 4)))
    (call $must (call $mkdir (i32.const 3) (i32.const 140) (i32.const 3)))))
