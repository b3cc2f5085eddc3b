;; shows: alias regions
;; What one entity holds is not read again because another was written; what may have been written is.
(module
  (memory $one 1)
  (memory $two 1)
  (table $table 2 2 funcref)
  (global $global (mut i32) (i32.const 0))
  (func (export "global_memory") (param i32) (result i32)
    (i32.add
      (global.get $global)
      (block (result i32) (i32.store $one (local.get 0) (i32.const 1)) (global.get $global))))
  (func (export "two_memories") (param i32) (result i32)
    (i32.add
      (i32.load $one (local.get 0))
      (block (result i32)
        (i32.store $two (local.get 0) (i32.const 1))
        (i32.load $one (local.get 0)))))
  (func (export "one_memory") (param i32 i32) (result i32)
    (i32.add
      (i32.load $one (local.get 0))
      (block (result i32)
        (i32.store $one (local.get 1) (i32.const 1))
        (i32.load $one (local.get 0)))))
  (func (export "stored_is_loaded") (param i32 i32) (result i32)
    (i32.store $one (local.get 0) (local.get 1))
    (i32.load $one (local.get 0)))
  (func (export "table_memory") (param i32) (result i32)
    (i32.add
      (ref.is_null (table.get $table (i32.const 0)))
      (block (result i32)
        (i32.store $one (local.get 0) (i32.const 1))
        (ref.is_null (table.get $table (i32.const 0))))))
  (func (export "write") (param i32) (table.set $table (local.get 0) (ref.null func))))
