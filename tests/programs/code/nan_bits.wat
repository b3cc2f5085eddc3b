;; Payloads and signs of NaNs survive moves, negation and copysign; conversions saturate.
;; invoke: run
(module
  (global $nan (mut i64) (i64.const 0xfff4000000000001))
  (func (export "run") (result i64 i64 i64 i32 i64 i32)
    (i64.reinterpret_f64 (f64.reinterpret_i64 (global.get $nan)))
    (i64.reinterpret_f64 (f64.neg (f64.reinterpret_i64 (global.get $nan))))
    (i64.reinterpret_f64 (f64.copysign (f64.const 1) (f64.reinterpret_i64 (global.get $nan))))
    (i32.trunc_sat_f64_s (f64.reinterpret_i64 (global.get $nan)))
    (i64.trunc_sat_f32_u (f32.const -1))
    (i32.trunc_sat_f32_s (f32.const 1e20))))
