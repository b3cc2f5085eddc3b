;; Without a grant there is no folder at all: EBADF is 8.
;; invoke: run
(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32) (call $prestat (i32.const 3) (i32.const 0))))
