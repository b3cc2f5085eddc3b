;; Arithmetic of every width, conversions, tables of references.
(module
  (table $t 4 funcref)
  (table $e 2 8 externref)
  (func $ints (param i32 i64) (result i64)
    (i64.xor
      (i64.rotl (i64.mul (local.get 1) (i64.const 0x9e3779b97f4a7c15)) (i64.const 13))
      (i64.div_s (i64.extend_i32_u (i32.clz (local.get 0))) (i64.or (local.get 1) (i64.const 1)))))
  (func $floats (param f32 f64) (result f64)
    (f64.copysign
      (f64.sqrt (f64.nearest (f64.promote_f32 (f32.min (local.get 0) (f32.const nan:0x200000)))))
      (f64.max (local.get 1) (f64.convert_i64_u (i64.trunc_sat_f64_s (local.get 1))))))
  (func $tables (param externref)
    (drop (table.grow $e (local.get 0) (i32.const 3)))
    (table.set $e (i32.const 1) (local.get 0))
    (table.fill $e (i32.const 0) (table.get $e (i32.const 1)) (i32.const 2))
    (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 2)))
  (func (export "_start")
    (drop (call $ints (i32.const 9) (i64.const 7)))
    (drop (call $floats (f32.const 1.5) (f64.const -0.0)))
    (call $tables (ref.null extern))
    (drop (i32.trunc_f64_s (f64.const 1e9)))
    (drop (i32.reinterpret_f32 (f32.const 1)))))
