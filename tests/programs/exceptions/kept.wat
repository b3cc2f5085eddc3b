;; invoke: run
;; A million exceptions with payloads of 160 bytes are caught by reference, and as many rethrown:
;; the memory that they need is used again, but nothing that a table, a global, a local further up
;; the stack or another payload still refers to.
(module
  (tag $ten (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64))
  (tag $chain (param i64 exnref))
  (table $recent 8 exnref)
  (global $kept (mut exnref) (ref.null exn))
  (global $chain (mut exnref) (ref.null exn))

  (func $throw (param $n i64)
    (throw $ten (local.get $n) (i64.const -1) (i64.const -1) (i64.const -1) (i64.const -1)
      (i64.const -1) (i64.const -1) (i64.const -1) (i64.const -1) (i64.mul (local.get $n) (local.get $n))))
  (func $make (param $n i64) (result exnref)
    (block $h (result exnref)
      (try_table (catch_all_ref $h) (call $throw (local.get $n)))
      (unreachable)))
  ;; The number of an exception, or a trap if its payload is not as it was.
  (func $number (param $e exnref) (result i64)
    (local $n i64) (local $square i64)
    (block $h (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
      (try_table (catch $ten $h) (throw_ref (local.get $e)))
      (unreachable))
    (local.set $square)
    (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop)
    (local.set $n)
    (if (i64.ne (local.get $square) (i64.mul (local.get $n) (local.get $n))) (then (unreachable)))
    (local.get $n))
  (func $check (param $e exnref) (param $n i64)
    (if (i64.ne (call $number (local.get $e)) (local.get $n)) (then (unreachable))))

  (func $churn (param $count i64)
    (local $slot i32)
    (loop $again
      (local.set $slot (i32.and (i32.wrap_i64 (local.get $count)) (i32.const 7)))
      (table.set $recent (local.get $slot) (call $make (local.get $count)))
      (local.set $slot (i32.and (i32.sub (local.get $slot) (i32.const 1)) (i32.const 7)))
      (if (i32.eqz (ref.is_null (table.get $recent (local.get $slot))))
        (then (call $check (table.get $recent (local.get $slot)) (i64.add (local.get $count) (i64.const 7)))))
      (br_if $again (i64.ne (local.tee $count (i64.sub (local.get $count) (i64.const 1))) (i64.const 0))))
    (table.fill $recent (i32.const 0) (ref.null exn) (i32.const 8)))

  ;; Frames that each hold one while others come and go.
  (func $hold (param $depth i64)
    (local $e exnref)
    (local.set $e (call $make (local.get $depth)))
    (if (i64.eqz (local.get $depth))
      (then (call $churn (i64.const 20000)))
      (else (call $hold (i64.sub (local.get $depth) (i64.const 1)))))
    (call $check (local.get $e) (local.get $depth)))

  ;; Exceptions that hold the one before.
  (func $link (param $count i64)
    (loop $again
      (global.set $chain
        (block $h (result exnref)
          (try_table (catch_all_ref $h) (throw $chain (local.get $count) (global.get $chain)))
          (unreachable)))
      (br_if $again (i64.ne (local.tee $count (i64.sub (local.get $count) (i64.const 1))) (i64.const 0)))))
  (func $length (result i64)
    (local $n i64) (local $e exnref)
    (local.set $e (global.get $chain))
    (loop $again
      (block $h (result i64 exnref)
        (try_table (catch $chain $h) (throw_ref (local.get $e)))
        (unreachable))
      (local.set $e)
      (local.set $n (i64.add (local.get $n) (i64.const 1)))
      (if (i64.ne (local.get $n)) (then (unreachable)))
      (br_if $again (i32.eqz (ref.is_null (local.get $e)))))
    (local.get $n))

  ;; The other encoding: a `catch_all` keeps what it rethrows.
  (func $rethrow (param $count i64)
    (loop $again
      (block $h (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
        (try_table (catch $ten $h)
          try
            (call $throw (local.get $count))
          catch_all
            try
              (call $throw (i64.const -1))
            catch_all
            end
            rethrow 0
          end)
        (unreachable))
      (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop)
      (if (i64.ne (local.get $count)) (then (unreachable)))
      (br_if $again (i64.ne (local.tee $count (i64.sub (local.get $count) (i64.const 1))) (i64.const 0)))))

  (func (export "run") (result i64)
    (global.set $kept (call $make (i64.const 12345)))
    (call $link (i64.const 1000))
    (call $churn (i64.const 1000000))
    (call $hold (i64.const 1000))
    (call $rethrow (i64.const 1000000))
    (call $check (global.get $kept) (i64.const 12345))
    (call $length)))
