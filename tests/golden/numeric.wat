;; shows: numeric
;; Numbers: division by constants, what is narrower than a register, and conversions that trap or
;; saturate.
(module
  (func (export "div_s_7") (param i32) (result i32) (i32.div_s (local.get 0) (i32.const 7)))
  (func (export "div_u_7") (param i64) (result i64) (i64.div_u (local.get 0) (i64.const 7)))
  (func (export "rem_s_8") (param i32) (result i32) (i32.rem_s (local.get 0) (i32.const 8)))
  (func (export "div_s_minus_1") (param i32) (result i32) (i32.div_s (local.get 0) (i32.const -1)))
  (func (export "mul_5") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 5)))
  (func (export "rotate") (param i32 i32) (result i32) (i32.rotl (local.get 0) (local.get 1)))
  (func (export "shift") (param i64 i64) (result i64) (i64.shr_s (local.get 0) (local.get 1)))
  (func (export "clz") (param i64) (result i64) (i64.clz (local.get 0)))
  (func (export "popcnt") (param i32) (result i32) (i32.popcnt (local.get 0)))
  (func (export "extend8") (param i64) (result i64) (i64.extend8_s (local.get 0)))
  (func (export "extend") (param i32) (result i64) (i64.extend_i32_u (i32.add (local.get 0) (i32.const 1))))
  (func (export "compare") (param i32 i64) (result i32)
    (i32.and (i32.lt_u (local.get 0) (i32.const 10)) (i64.gt_s (local.get 1) (i64.const -1))))
  (func (export "trunc") (param f64) (result i64) (i64.trunc_f64_u (local.get 0)))
  (func (export "trunc_sat") (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))
  (func (export "convert") (param i64) (result f64) (f64.convert_i64_u (local.get 0)))
  (func (export "min") (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1)))
  (func (export "nearest") (param f64) (result f64) (f64.nearest (local.get 0)))
  (func (export "reinterpret") (param f32) (result i32) (i32.reinterpret_f32 (local.get 0)))
  (func (export "wide") (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))
