;; shows: casts
;; Whether an object has a type is one comparison. What cannot be a number or null is not asked.
(module
  (type $top (sub (struct)))
  (type $middle (sub $top (struct (field i32))))
  (type $leaf (sub final $middle (struct (field i32) (field i32))))
  (func (export "leaf") (param (ref $top)) (result i32) (ref.test (ref $leaf) (local.get 0)))
  (func (export "middle") (param (ref $top)) (result i32) (ref.test (ref $middle) (local.get 0)))
  (func (export "cast") (param (ref null $top)) (result i32)
    (struct.get $leaf 1 (ref.cast (ref $leaf) (local.get 0))))
  (func (export "cast_any") (param anyref) (result (ref null $leaf))
    (ref.cast (ref null $leaf) (local.get 0)))
  (func (export "branch") (param anyref) (result i32)
    (block $no (result anyref)
      (return (i31.get_s (br_on_cast_fail $no anyref (ref i31) (local.get 0)))))
    (drop)
    (i32.const -1)))
