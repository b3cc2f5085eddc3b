;; branch-protection: standard
;; shows: branch protection
;; Landing pads where indirect branches lead, and signed return addresses: on aarch64 only.
(module
  (type $unary (func (param i32) (result i32)))
  (table 1 1 funcref)
  (elem (i32.const 0) func $leaf)
  (func $leaf (export "leaf") (type $unary) (local.get 0))
  (func (export "calls") (param i32) (result i32)
    (i32.add (call $leaf (local.get 0)) (call_indirect (type $unary) (i32.const 1) (local.get 0))))
  (func (export "br_table") (param i32) (result i32)
    (block $c (block $b (block $a (br_table $a $b $c $a $b $c (local.get 0)))
      (return (i32.const 10)))
      (return (i32.const 20)))
    (i32.const 30)))
