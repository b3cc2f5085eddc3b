;; shows: objects, init
;; An object is made by a few instructions, a field is read by one, which null makes fault.
(module
  (type $pair (sub (struct (field $number (mut i32)) (field $next (mut (ref null $pair))))))
  (type $packed (struct (field i8) (field f64)))
  (global $made (ref $pair) (struct.new $pair (i32.const 1) (ref.null $pair)))
  (func (export "new") (param i32) (result (ref $pair))
    (struct.new $pair (local.get 0) (global.get $made)))
  (func (export "get") (param (ref null $pair)) (result i32)
    (struct.get $pair $number (struct.get $pair $next (local.get 0))))
  (func (export "set") (param (ref $pair) (ref null $pair))
    (struct.set $pair $next (local.get 0) (local.get 1)))
  (func (export "packed") (param (ref $packed)) (result i32)
    (struct.get_s $packed 0 (local.get 0))))
