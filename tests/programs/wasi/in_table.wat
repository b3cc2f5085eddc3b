;; A function of the runtime that is called through a table and as a reference.
;; invoke: run
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (type $write (func (param i32 i32 i32 i32) (result i32)))
  (table 1 funcref)
  (elem (i32.const 0) $fd_write)
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (data (i32.const 16) "table\n")
  (func (export "run") (result i32 i32)
    (call_indirect (type $write)
      (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 0))
    (i32.load (i32.const 8))))
