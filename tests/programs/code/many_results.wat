;; More results than registers, through calls, blocks and tail calls.
;; invoke: run
(module
  (type $many (func (param i32) (result i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)))
  (table funcref (elem $f))
  (func $f (type $many)
    (local.get 0) (i64.const 2) (f32.const 3) (f64.const 4) (i32.const 5) (i64.const 6)
    (f32.const 7) (f64.const 8) (i32.const 9) (i64.const 10) (f32.const 11) (f64.const 12))
  (func $g (type $many) (return_call_indirect (type $many) (local.get 0) (i32.const 0)))
  (func $h (type $many)
    (block (result i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
      (call $g (local.get 0))))
  (func (export "run") (result i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
    (call $h (i32.const 1))))
