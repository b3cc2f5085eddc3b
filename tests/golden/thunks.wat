;; shows: thunks
;; A function of the runtime that is in a table has a thunk with the guest's convention.
(module
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (type $unary (func (param i32) (result i32)))
  (table 2 2 funcref)
  (elem (i32.const 0) func $close $own)
  (func $own (export "own") (type $unary) (local.get 0))
  (func (export "call") (param i32 i32) (result i32)
    (call_indirect (type $unary) (local.get 1) (local.get 0))))
