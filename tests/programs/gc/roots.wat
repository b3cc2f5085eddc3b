;; invoke: run
;; options: --gc-stress
;; Every allocation moves every object: what is referred to from locals, the operand stack, globals,
;; tables, element segments, fields, arrays, exceptions and frames further up is found, and is what it
;; was. Results of calls of every kind are references as any other.
(module
  (type $cell (struct (field $value (mut i32)) (field $next (mut (ref null $cell)))))
  (type $bytes (array (mut i8)))
  (type $cells (array (mut (ref null $cell))))
  (type $make (func (param i32) (result (ref $cell))))
  (type $pair (func (param i32) (result (ref $cell) i32 (ref $cell))))
  (tag $with_cell (param (ref null $cell) i32))
  (tag $only_cell (param (ref null $cell)))
  (table $table 4 16 (ref null $cell))
  (table $funcs (ref null $make) (elem (ref.func $make) (ref.func $make)))
  (table $any 2 anyref)
  (global $global (mut (ref null $cell)) (ref.null $cell))
  (global $external (mut externref) (ref.null extern))
  (global $exception (mut exnref) (ref.null exn))
  (elem $segment (ref $cell)
    (struct.new $cell (i32.const 71) (ref.null $cell)) (struct.new $cell (i32.const 72) (ref.null $cell)))

  (func $make (type $make)
    (struct.new $cell (local.get 0) (ref.null $cell)))
  (func $pair (type $pair)
    (call $make (local.get 0)) (i32.const 5) (call $make (i32.add (local.get 0) (i32.const 1))))
  (func $again (type $make)
    (return_call_ref $make (local.get 0) (table.get $funcs (i32.const 1))))

  (func $is (param $cell (ref null $cell)) (param $value i32)
    (if (i32.ne (struct.get $cell $value (local.get $cell)) (local.get $value)) (then (unreachable))))

  ;; Another object, so that everything moves.
  (func $move (drop (struct.new_default $cell)))

  (func $operands (local $a (ref null $cell))
    ;; Four on the stack while others are made.
    (call $make (i32.const 1))
    (call_indirect $funcs (type $make) (i32.const 2) (i32.const 0))
    (call_ref $make (i32.const 3) (ref.func $make))
    (call $again (i32.const 4))
    (call $move)
    (call $is (i32.const 4))
    (call $is (i32.const 3))
    (call $is (i32.const 2))
    (call $is (i32.const 1))
    (call $pair (i32.const 10))
    (local.set $a)
    (drop)
    (call $is (i32.const 10))
    (call $is (local.get $a) (i32.const 11)))

  (func $blocks (param $n i32) (local $a (ref null $cell)) (local $b (ref null $cell))
    (local.set $a (call $make (i32.const 20)))
    (loop $again
      ;; Both arms of an `if`, and what a `select` chooses.
      (local.set $b
        (if (result (ref null $cell)) (i32.and (local.get $n) (i32.const 1))
          (then (call $make (local.get $n)))
          (else (select (result (ref null $cell))
            (local.get $a) (call $make (local.get $n)) (i32.const 1)))))
      (call $move)
      (call $is (local.get $b)
        (select (local.get $n) (i32.const 20) (i32.and (local.get $n) (i32.const 1))))
      ;; A parameter of a loop, and a branch that takes a reference with it.
      (block $done (result (ref $cell))
        (local.get $a)
        (loop $inner (param (ref null $cell))
          (call $move)
          (br_on_non_null $done)
          (br $inner (local.get $b)))
        (unreachable))
      (call $move)
      (call $is (i32.const 20))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  (func $places (local $array (ref null $cells)) (local $i i32)
    (global.set $global (call $make (i32.const 30)))
    (global.set $external (extern.convert_any (call $make (i32.const 31))))
    (table.set $table (i32.const 3) (call $make (i32.const 32)))
    (drop (table.grow $table (call $make (i32.const 33)) (i32.const 2)))
    (table.fill $any (i32.const 0) (ref.i31 (i32.const -7)) (i32.const 2))
    (table.set $any (i32.const 1) (call $make (i32.const 34)))
    (local.set $array (array.new $cells (call $make (i32.const 35)) (i32.const 20)))
    (struct.set $cell $next
      (array.get $cells (local.get $array) (i32.const 19)) (call $make (i32.const 36)))
    (call $move)
    (call $is (global.get $global) (i32.const 30))
    (call $is (ref.cast (ref $cell) (any.convert_extern (global.get $external))) (i32.const 31))
    (call $is (table.get $table (i32.const 3)) (i32.const 32))
    (call $is (table.get $table (i32.const 5)) (i32.const 33))
    (if (i32.ne (i31.get_s (ref.cast i31ref (table.get $any (i32.const 0)))) (i32.const -7))
      (then (unreachable)))
    (call $is (ref.cast (ref $cell) (table.get $any (i32.const 1))) (i32.const 34))
    (call $is (array.get $cells (local.get $array) (i32.const 7)) (i32.const 35))
    (call $is (struct.get $cell $next (array.get $cells (local.get $array) (i32.const 0))) (i32.const 36))
    ;; An array of a segment, whose elements were made once.
    (local.set $array (array.new_elem $cells $segment (i32.const 0) (i32.const 2)))
    (call $move)
    (call $is (array.get $cells (local.get $array) (i32.const 1)) (i32.const 72))
    (table.init $table $segment (i32.const 0) (i32.const 0) (i32.const 2))
    (if (i32.eqz (ref.eq (table.get $table (i32.const 1)) (array.get $cells (local.get $array) (i32.const 1))))
      (then (unreachable)))
    (array.init_elem $cells $segment (local.get $array) (i32.const 1) (i32.const 0) (i32.const 1))
    (elem.drop $segment)
    (call $move)
    (call $is (array.get $cells (local.get $array) (i32.const 1)) (i32.const 71))
    (array.copy $cells $cells (local.get $array) (i32.const 0) (local.get $array) (i32.const 1) (i32.const 1))
    (call $move)
    (call $is (array.get $cells (local.get $array) (i32.const 0)) (i32.const 71)))

  (func $throw (param $n i32)
    (if (local.get $n)
      (then (call $throw (i32.sub (local.get $n) (i32.const 1))))
      (else (throw $with_cell (call $make (i32.const 40)) (i32.const 41)))))
  (func $exceptions (local $kept (ref null $cell)) (local $value i32) (local $e exnref)
    (local.set $kept (call $make (i32.const 42)))
    (block $caught (result (ref null $cell) i32 exnref)
      (try_table (catch_ref $with_cell $caught)
        (call $throw (i32.const 5))
        (call $is (local.get $kept) (i32.const 0)))
      (unreachable))
    (local.set $e)
    (local.set $value)
    (call $move)
    (call $is (i32.const 40))
    (call $is (local.get $kept) (i32.const 42))
    (if (i32.ne (local.get $value) (i32.const 41)) (then (unreachable)))
    ;; The payload again, from a global.
    (global.set $exception (local.get $e))
    (call $move)
    (block $caught (result (ref null $cell) i32)
      (try_table (catch $with_cell $caught) (throw_ref (global.get $exception)))
      (unreachable))
    (drop)
    (call $move)
    (call $is (i32.const 40))
    ;; What is thrown and caught in one function, by a clause for everything.
    (block $all (result exnref)
      (try_table (catch_all_ref $all)
        (throw $only_cell (local.get $kept)))
      (unreachable))
    (local.set $e)
    (call $move)
    (block $only (result (ref null $cell))
      (try_table (catch $only_cell $only) (throw_ref (local.get $e)))
      (unreachable))
    (call $is (i32.const 42)))

  (func $legacy (local $kept (ref null $cell))
    (local.set $kept (call $make (i32.const 50)))
    try
      try
        (call $throw (i32.const 3))
      catch $only_cell
        unreachable
      catch_all
        (call $move)
        rethrow 0
      end
    catch $with_cell
      (drop)
      (call $move)
      (call $is (i32.const 40))
      (call $is (local.get $kept) (i32.const 50))
      try
        try
          (throw $only_cell (local.get $kept))
        catch $only_cell
          (call $move)
          (drop)
          rethrow 0
        end
      catch $only_cell
        (call $is (i32.const 50))
      end
    end)

  ;; A frame for each number, each of which holds a cell; the sum.
  (func $deep (param $n i32) (result i32) (local $cell (ref null $cell))
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (local.set $cell (call $make (local.get $n)))
    (i32.add
      (call $deep (i32.sub (local.get $n) (i32.const 1)))
      (struct.get $cell $value (local.get $cell))))

  ;; A list as long as that: the collector does not recurse.
  (func $long (param $n i32) (result i32) (local $list (ref null $cell)) (local $sum i32)
    (loop $next
      (local.set $list (struct.new $cell (local.get $n) (local.get $list)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (struct.get $cell $value (local.get $list))))
      (local.set $list (struct.get $cell $next (local.get $list)))
      (br_if $next (i32.eqz (ref.is_null (local.get $list)))))
    (local.get $sum))

  ;; Strings that grow, each from the one before.
  (func $strings (result i32) (local $s (ref $bytes)) (local $t (ref $bytes)) (local $i i32)
    (local.set $s (array.new_fixed $bytes 1 (i32.const 7)))
    (loop $next
      (local.set $t (array.new_default $bytes (i32.add (array.len (local.get $s)) (i32.const 1))))
      (array.copy $bytes $bytes (local.get $t) (i32.const 0) (local.get $s) (i32.const 0) (array.len (local.get $s)))
      (array.set $bytes (local.get $t) (array.len (local.get $s)) (local.get $i))
      (local.set $s (local.get $t))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
    (i32.add (array.len (local.get $s)) (array.get_u $bytes (local.get $s) (i32.const 100))))

  (func (export "run") (result i32 i32 i32)
    (call $operands)
    (call $blocks (i32.const 9))
    (call $places)
    (call $exceptions)
    (call $legacy)
    (call $deep (i32.const 300))
    (call $long (i32.const 300))
    (call $strings)))
