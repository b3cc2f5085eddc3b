;; A null reference faults where it is used, and the backtrace says where.
(module
  (type $node (struct (field $value (mut i32)) (field $next (mut (ref null $node)))))
  (func $third (param $list (ref null $node)) (result i32)
    (struct.get $node $value
      (struct.get $node $next (struct.get $node $next (local.get $list)))))
  (func $make (result (ref $node))
    (struct.new $node (i32.const 1) (struct.new $node (i32.const 2) (ref.null $node))))
  (func (export "_start") (drop (call $third (call $make)))))
