;; `table.get` beyond the end of a table.
(module
  (table $table 2 funcref)
  (memory (export "memory") 1)
  (func $inner (drop (table.get $table (i32.const 2))))
  (func $middle (param i32) (if (local.get 0) (then (call $inner))))
  (func (export "_start") (call $middle (i32.const 1))))
