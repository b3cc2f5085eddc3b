;; invoke: run
;; options: --gc-stress
;; What collectors of others got wrong: results of calls of the runtime, lengths and addresses that
;; are used again behind an allocation, exceptions as references, i31 as externref, vectors, empty
;; structures, null functions in arrays, more groups of types than types in use.
(module
  (type $unused1 (struct (field i8)))
  (rec (type $unused2 (struct (field (ref null $unused3)))) (type $unused3 (array (ref null $unused2))))
  (type $empty (struct))
  (type $vector (struct (field $a i32) (field $v (mut v128)) (field $r (mut (ref null $empty)))))
  (type $vectors (array (mut v128)))
  (type $bytes (array (mut i8)))
  (type $shorts (array (mut i16)))
  (type $refs (array (mut (ref null any))))
  (type $f (func (result i32)))
  (type $funcs (array (mut (ref null $f))))
  (type $holder (struct (field $f (mut (ref null $f))) (field $r (mut anyref)) (field $e (mut externref))))
  (tag $t (param anyref))
  (data $data "abcdefgh")
  (elem $elems anyref (ref.i31 (i32.const 3)) (struct.new $empty) (array.new_fixed $bytes 2 (i32.const 8) (i32.const 9)))
  (elem $fs (ref null $f) (ref.func $seven) (ref.null $f))
  (func $seven (type $f) (i32.const 7))
  (func $check (param i32) (if (i32.eqz (local.get 0)) (then (unreachable))))
  (func $move (drop (struct.new_default $empty)))

  ;; The result of each allocation is on the stack while the next one is made.
  (func $results
    (array.new_data $bytes $data (i32.const 2) (i32.const 4))
    (array.new_elem $refs $elems (i32.const 0) (i32.const 3))
    (array.new_data $shorts $data (i32.const 0) (i32.const 4))
    (array.new $refs (struct.new $empty) (i32.const 12))
    (array.new_default $vectors (i32.const 3))
    (struct.new_default $vector)
    (struct.new $empty)
    (call $move)
    (call $check (ref.test (ref $empty)))
    (call $check (i32.eqz (struct.get $vector $a)))
    (call $check (i32.eq (array.len) (i32.const 3)))
    (call $check (ref.test (ref $empty) (array.get $refs (i32.const 11))))
    (call $check (i32.eq (array.get_u $shorts (i32.const 3)) (i32.const 0x6867)))
    (call $check (i32.eq
      (array.get_u $bytes (ref.cast (ref $bytes) (array.get $refs (i32.const 2))) (i32.const 1)) (i32.const 9)))
    (call $check (i32.eq (array.get_u $bytes (i32.const 3)) (i32.const 0x66))))

  ;; An array whose length and elements are read before and behind allocations, in a loop.
  (func $cached (local $a (ref $refs)) (local $i i32)
    (local.set $a (array.new_default $refs (i32.const 20)))
    (loop $next
      (array.set $refs (local.get $a) (local.get $i)
        (array.new $bytes (local.get $i) (i32.add (local.get $i) (array.len (local.get $a)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $a)))))
    (loop $next
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (call $check (i32.eq (local.get $i) (array.get_u $bytes
        (ref.cast (ref $bytes) (array.get $refs (local.get $a) (local.get $i)))
        (i32.add (local.get $i) (i32.const 19)))))
      (br_if $next (local.get $i))))

  (func $external (local $h (ref $holder)) (local $e externref)
    (local.set $e (extern.convert_any (ref.i31 (i32.const -5))))
    (local.set $h (struct.new $holder (ref.null $f) (ref.null any) (local.get $e)))
    (struct.set $holder $r (local.get $h) (any.convert_extern (extern.convert_any (struct.new $empty))))
    (call $move)
    (call $check (i32.eq (i32.const -5) (i31.get_s (ref.cast (ref i31)
      (any.convert_extern (struct.get $holder $e (local.get $h)))))))
    (call $check (ref.test (ref $empty) (struct.get $holder $r (local.get $h))))
    (call $check (ref.is_null (struct.get $holder $f (local.get $h))))
    (struct.set $holder $f (local.get $h) (ref.func $seven))
    (call $move)
    (call $check (i32.eq (i32.const 7) (call_ref $f (struct.get $holder $f (local.get $h))))))

  (func $functions (local $a (ref $funcs))
    (local.set $a (array.new $funcs (ref.func $seven) (i32.const 30)))
    (array.fill $funcs (local.get $a) (i32.const 5) (ref.null $f) (i32.const 20))
    (array.init_elem $funcs $fs (local.get $a) (i32.const 10) (i32.const 0) (i32.const 2))
    (call $move)
    (call $check (i32.eq (i32.const 7) (call_ref $f (array.get $funcs (local.get $a) (i32.const 4)))))
    (call $check (ref.is_null (array.get $funcs (local.get $a) (i32.const 5))))
    (call $check (i32.eq (i32.const 7) (call_ref $f (array.get $funcs (local.get $a) (i32.const 10)))))
    (call $check (ref.is_null (array.get $funcs (local.get $a) (i32.const 24))))
    (call $check (i32.eq (i32.const 7) (call_ref $f (array.get $funcs (local.get $a) (i32.const 25)))))
    (call $check (ref.is_null (array.get $funcs
      (array.new_elem $funcs $fs (i32.const 0) (i32.const 2)) (i32.const 1)))))

  (func $vectors (local $s (ref $vector)) (local $a (ref $vectors)) (local $v v128)
    (local.set $v (v128.const i64x2 0x0102030405060708 -3))
    (local.set $s (struct.new $vector (i32.const 1) (local.get $v) (struct.new $empty)))
    (local.set $a (array.new $vectors (local.get $v) (i32.const 17)))
    (call $move)
    (call $check (i64x2.all_true (i64x2.eq (local.get $v) (struct.get $vector $v (local.get $s)))))
    (call $check (i64x2.all_true (i64x2.eq (local.get $v) (array.get $vectors (local.get $a) (i32.const 16)))))
    (call $check (ref.test (ref $empty) (struct.get $vector $r (local.get $s)))))

  ;; An exception is a root while it is nothing but a reference, and its payload lives by it.
  (func $exceptions (local $e exnref) (local $i i32)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (throw $t (array.new $bytes (i32.const 77) (i32.const 3))))
      (unreachable))
    (local.set $e)
    (loop $again
      (call $move)
      (block $payload (result anyref)
        (try_table (catch $t $payload) (throw_ref (local.get $e)))
        (unreachable))
      (call $move)
      (call $check (i32.eq (array.get_u $bytes (ref.cast (ref $bytes)) (i32.const 2)) (i32.const 77)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3)))))

  ;; Many arguments, some of which are passed on the stack, and tail calls that move them.
  (func $many (param $n i32) (param anyref anyref anyref anyref anyref anyref anyref anyref anyref) (result i32)
    (call $move)
    (if (result i32) (local.get $n)
      (then (return_call $many (i32.sub (local.get $n) (i32.const 1))
        (local.get 9) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
        (local.get 5) (local.get 6) (local.get 7) (struct.new $empty)))
      (else
        (call $move)
        (i32.add (array.len (ref.cast (ref array) (local.get 8)))
          (i31.get_s (ref.cast (ref i31) (local.get 7)))))))

  (func (export "run") (result i32)
    (call $results)
    (call $cached)
    (call $external)
    (call $functions)
    (call $vectors)
    (call $exceptions)
    (call $many (i32.const 3)
      (ref.null any) (ref.null any) (ref.null any) (ref.i31 (i32.const 30))
      (array.new_default $bytes (i32.const 12)) (ref.null any) (ref.null any) (ref.null any) (ref.null any))))
