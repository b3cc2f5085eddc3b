;; `--invoke` with arguments and results of every number type, after `_initialize`.
;; invoke: run
;; args: -5 0xffffffffffffffff 1.5 -inf
(module
  (global $ready (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $ready (i32.const 1)))
  (func (export "run") (param i32 i64 f32 f64) (result f64 f32 i64 i32 i32)
    (local.get 3) (local.get 2) (local.get 1) (local.get 0) (global.get $ready)))
