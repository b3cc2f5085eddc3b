;; shows: bulk
;; Bulk operations: bounds are checked before the first byte moves; a few bytes of a known number are
;; moved in place.
(module
  (memory 1 10)
  (data $bytes "some bytes")
  (func (export "copy") (param i32 i32 i32)
    (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy_8") (param i32 i32)
    (memory.copy (local.get 0) (local.get 1) (i32.const 8)))
  (func (export "fill") (param i32 i32)
    (memory.fill (local.get 0) (i32.const 0xff) (local.get 1)))
  (func (export "fill_16") (param i32)
    (memory.fill (local.get 0) (i32.const 0) (i32.const 16)))
  (func (export "init") (param i32 i32)
    (memory.init $bytes (local.get 0) (i32.const 0) (local.get 1)))
  (func (export "drop") (data.drop $bytes))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
