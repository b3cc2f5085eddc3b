;; shows: arrays
;; Bounds are checked by one comparison; null faults where the length is read.
(module
  (type $numbers (array (mut i32)))
  (type $bytes (array (mut i8)))
  (func (export "get") (param (ref null $numbers) i32) (result i32)
    (array.get $numbers (local.get 0) (local.get 1)))
  (func (export "set") (param (ref $bytes) i32 i32)
    (array.set $bytes (local.get 0) (local.get 1) (local.get 2)))
  (func (export "new") (param i32) (result (ref $bytes))
    (array.new_default $bytes (local.get 0)))
  (func (export "fixed") (param i32) (result (ref $numbers))
    (array.new_fixed $numbers 2 (local.get 0) (i32.const 7)))
  (func (export "copy") (param (ref $bytes) (ref $bytes) i32)
    (array.copy $bytes $bytes (local.get 0) (i32.const 0) (local.get 1) (i32.const 1) (local.get 2))))
