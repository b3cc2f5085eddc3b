;; Exceptions in the encoding of before `try_table`: `try`, `catch`, `catch_all`, `rethrow`,
;; `delegate`.

(module $thrower
  (tag $word (export "word") (param i32))
  (tag $pair (export "pair") (param i64 f64))
  (tag $none (export "none"))
  (func (export "throw_word") (param i32) (throw $word (local.get 0)))
  (func (export "throw_pair") (param i64 f64) (throw $pair (local.get 0) (local.get 1)))
  (func (export "throw_none") (throw $none))
)
(register "thrower" $thrower)

(module
  (type $thrower (func (param i32)))
  (import "thrower" "word" (tag $word (param i32)))
  (import "thrower" "pair" (tag $pair (param i64 f64)))
  (import "thrower" "none" (tag $none))
  (import "thrower" "throw_word" (func $throw_word (param i32)))
  (import "thrower" "throw_pair" (func $throw_pair (param i64 f64)))
  (import "thrower" "throw_none" (func $throw_none))
  (tag $own)
  (tag $float (param f32))
  (tag $five (param i32 i64 f32 f64 i32))
  (table $funcs funcref (elem $throw_word $deep))
  (memory 1)

  ;; Throws one of the tags, or nothing.
  (func $select (param i32)
    (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
      (br_table $0 $1 $2 $3 $4 $5 (local.get 0)))
      (throw $none))
      (throw $word (i32.const 21)))
      (throw $pair (i64.const 31) (f64.const 32)))
      (throw $own))
      (throw $five (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (i32.const 5))))
  (func $deep (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $word (i32.const 7))))
    (call $deep (i32.sub (local.get 0) (i32.const 1)))
    (drop (memory.grow (i32.const 0))))

  ;; Clauses in their order, the values of each, and what none of them catches.
  (func $clauses (export "clauses") (param i32) (result i32)
    try (result i32)
      (call $select (local.get 0)) (i32.const 99)
      catch $word
      catch $pair (drop) (i32.wrap_i64)
      catch $none (i32.const 11)
      catch $five (drop) (drop) (drop) (drop) (i32.add (i32.const 50)) end)
  (func (export "five") (param i32) (result f64)
    (local $a i32) (local $b i64) (local $c f32) (local $d f64) (local $e i32)
    try
      (call $select (local.get 0))
      catch $five
        (local.set $e) (local.set $d) (local.set $c) (local.set $b) (local.set $a) end
    (f64.add (f64.mul (local.get $d) (f64.convert_i32_s (local.get $e)))
      (f64.mul (f64.promote_f32 (local.get $c))
        (f64.convert_i64_s (i64.mul (local.get $b) (i64.extend_i32_s (local.get $a)))))))
  (func (export "or_else") (param i32) (result i32)
    try (result i32)
      (call $clauses (local.get 0))
      catch_all (i32.const -1) end)

  ;; A `try` that nothing can throw in, and one without clauses.
  (func (export "quiet") (result i32)
    try (result i32) (i32.const 1) catch $word catch_all (i32.const 2) end)
  (func (export "bare") (param i32) (result i32)
    try (result i32)
      try (result i32) (call $select (local.get 0)) (i32.const 1) end
      catch $none (i32.const 2) end)
  (func (export "bare_alone") try (throw $own) end)

  ;; Parameters and several results, values below the block.
  (func (export "values") (param i32) (result i32 i64)
    (i32.const 1000)
    (local.get 0)
    (i64.const 5)
    try (param i32 i64) (result i32 i64)
      (drop) (call $select) (i32.const 1) (i64.const 2)
      catch $word (i64.const 3)
      catch $pair (drop) (drop) (i32.const 4) (i64.const 5)
      catch_all (i32.const 6) (i64.const 7) end
    (drop)
    (i32.add)
    (i64.const 8))

  ;; Through frames without handlers, by every kind of call.
  (func (export "deep") (param i32) (result i32)
    try (result i32) (call $deep (local.get 0)) (i32.const -1) catch $word end)
  (func (export "indirect") (param i32 i32) (result i32)
    try (result i32)
      (call_indirect $funcs (type $thrower) (local.get 1) (local.get 0)) (i32.const -1)
      catch $word end)
  ;; A tail call leaves the `try`.
  (func $tail (param i32) (result i32)
    try (return_call $clauses (local.get 0)) catch_all end
    (i32.const -1))
  (func (export "tail") (param i32) (result i32)
    try (result i32) (call $tail (local.get 0)) catch $own (i32.const 41) end)
  (func $tail_indirect (param i32)
    try (return_call_indirect $funcs (type $thrower) (i32.const 9) (local.get 0)) catch_all end)
  (func (export "tail_indirect") (param i32) (result i32)
    try (result i32) (call $tail_indirect (local.get 0)) (i32.const -1) catch $word end)

  ;; `rethrow`, after others were thrown and caught whose payloads are as large.
  (func (export "rethrow") (param i32) (result i32)
    try (result i32)
      try (result i32)
          (call $select (local.get 0)) (i32.const 99)
          catch $pair
            (drop) (drop)
            try (call $throw_pair (i64.const -1) (f64.const -2)) catch_all end
            try (call $select (i32.const 4)) catch $five (drop) (drop) (drop) (drop) (drop) end
            (rethrow 0)
          catch_all
            try (call $throw_pair (i64.const -3) (f64.const -4)) catch_all end
            try (call $throw_word (i32.const -5)) catch $word (drop) end
            (rethrow 0) end
      catch $word
      catch $pair (i64.trunc_f64_s) (i64.add) (i32.wrap_i64)
      catch $five
        (drop) (drop) (drop) (i32.wrap_i64) (i32.add) end)
  (func (export "rethrow_all") (param i32) (result f64)
    (local $d f64)
    try
      try
          (call $select (local.get 0))
          catch_all
            try (call $throw_pair (i64.const -1) (f64.const -2)) catch_all end
            try (throw $five (i32.const 9) (i64.const 9) (f32.const 9) (f64.const 9) (i32.const 9))
              catch_all end
            (rethrow 0) end
      catch $pair (local.set $d) (drop)
      catch $five (drop) (local.set $d) (drop) (drop) (drop) end
    (local.get $d))
  ;; Of a `catch` around others: through their handlers, which catch it again.
  (func (export "rethrow_outer") (param i32) (result i64)
    try (result i64)
      try
          (throw $pair (i64.const 1) (f64.const 1))
          catch $pair
            (drop) (drop)
            try
              (throw $pair (i64.const 2) (f64.const 2))
              catch_all
                try
                  (throw $pair (i64.const 3) (f64.const 3))
                  catch $pair
                    (drop) (drop)
                    (block $2 (block $1 (block $0
                      (br_table $0 $1 $2 (local.get 0)))
                      ;; Labels: $1, $2, and then the clauses.
                      (rethrow 2))
                      (rethrow 2))
                    (rethrow 2) end end end
        (i64.const -1)
      catch $pair (drop) end)
  (func (export "rethrow_caught_again") (result i64)
    try (result i64)
      (throw $pair (i64.const 1) (f64.const 1))
      catch $pair
        (drop) (drop)
        try (result i64)
          (throw $pair (i64.const 2) (f64.const 2))
          catch $pair
            (drop) (drop)
            try (result i64)
              (rethrow 2)
              catch $pair (drop) end end end)
  ;; In a loop: each turn another exception.
  (func (export "rethrow_loop") (param $n i32) (result i64)
    (local $sum i64)
    (loop $again
      try
        try
            (call $throw_pair (i64.extend_i32_u (local.get $n)) (f64.const 0))
            catch_all
              try (call $throw_pair (i64.const 1000) (f64.const 0)) catch_all end
              (rethrow 0) end
        catch $pair
          (drop)
          (local.set $sum (i64.add (local.get $sum))) end
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  ;; A `throw` in a clause does not land in its own `try`.
  (func (export "throw_in_catch") (result i32)
    try (result i32)
      try (result i32)
          (throw $none)
          catch $none (throw $word (i32.const 5))
          catch $word (drop) (i32.const 6)
          catch_all (i32.const 7) end
      catch $word (i32.add (i32.const 50)) end)
  (func (export "throw_in_catch_out") try (throw $none) catch $none (throw $none) end)
  (func (export "trap_in_catch") (result i32)
    try (result i32)
      try (result i32)
        (throw $none)
        catch_all (i32.div_u (i32.const 1) (i32.load (i32.const 0))) end
      catch_all (i32.const 1) end)
  (func (export "trap") try (unreachable) catch_all end)

  ;; Branches to the labels of a `try` and of its clauses, out of all parts.
  (func (export "branches") (param i32) (result i32)
    try $t (result i32)
      (drop (br_if $t (i32.const 1) (i32.eqz (local.get 0))))
        (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $word (i32.const 2))))
        (throw $none)
      catch $word (drop) (br $t (i32.const 2))
      catch_all (br 0 (i32.const 3)) (unreachable) end)
  (func (export "return_from") (param i32) (result i32)
    try
      (call $select (local.get 0)) (return (i32.const 1))
      catch $word (return)
      catch_all (return (i32.const 3)) end
    (i32.const 4))
  (func (export "loop_through") (param $n i32) (result i32)
    (local $count i32)
    (loop $again
      try
        (call $throw_word (local.get $n))
        catch $word
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (br_if $again (local.tee $n (i32.sub (i32.const 1)))) end)
    (local.get $count))

  ;; What cannot be reached.
  (func (export "dead") (result i32)
    (block $out (result i32)
      (br $out (i32.const 1))
      try (result i32)
        (call $throw_none) (i32.const 2)
        catch $word (drop) (rethrow 0)
        catch_all (rethrow 0) end
      try (throw $none) delegate 0))
  (func (export "dead_clause") (result i32)
    try (result i32)
      (i32.const 1)
      catch $none
        try (result i32)
          (call $throw_none) (i32.const 2)
          catch_all (rethrow 1) end
      catch_all (rethrow 0) end)
  (func (export "dead_after_throw") (result i32)
    try (result i32)
      (throw $none) try (call $throw_none) catch_all (rethrow 0) end (i32.const 2)
      catch $none (i32.const 3) end)

  ;; `delegate`: past a handler, to a block, to a clause, out of the function.
  (func (export "delegate") (param i32) (result i32)
    try $outer (result i32)
      try (result i32)
          try (result i32)
              (call $select (local.get 0)) (i32.const 1)
              delegate $outer
          catch_all (i32.const -1) end
      catch $word
      catch $none (i32.const 3) end)
  (func (export "delegate_values") (param i32) (result i32 i64)
    (local.get 0)
    try (param i32) (result i32 i64)
      (call $select) (i32.const 1) (i64.const 2)
      delegate 0)
  (func (export "delegate_to_block") (result i32)
    try (result i32)
      (block $b (loop (if (i32.const 1) (then try (throw $none) delegate $b))))
        (i32.const 0)
      catch_all (i32.const 1) end)
  (func (export "delegate_past_block") (result i32)
    try (result i32)
      (block $b
          try try (throw $none) delegate $b catch_all end)
        (i32.const 0)
      catch_all (i32.const 1) end)
  (func (export "delegate_to_clause") (result i32)
    try (result i32)
      try (result i32)
          (throw $none)
          catch_all
            try (result i32) (throw $word (i32.const 5)) (i32.const 0) delegate 0 end
      catch $word end)
  (func $delegate_out (param i32)
    try
      try
        try (call $select (local.get 0)) delegate 2
        catch_all end
      catch_all end)
  (func (export "delegate_out") (param i32) (call $delegate_out (local.get 0)))
  (func (export "delegate_out_caught") (param i32) (result i32)
    try (result i32)
      (call $delegate_out (local.get 0)) (i32.const 1)
      catch $pair (drop) (i32.wrap_i64) end)
  (func (export "delegate_chain") (result i32)
    try $3 (result i32)
      try $2 (result i32)
          try $1 (result i32)
              try (result i32) (throw $word (i32.const 8)) delegate $1
              delegate $2
          delegate $3
      catch $word end)

  ;; Locals as they were when the exception was thrown.
  (func (export "set_before") (result i32)
    (local $n i32)
    try
      (local.set $n (i32.const 1))
        (call $throw_none)
        (local.set $n (i32.const 2))
      catch $none end
    (local.get $n))
  (func (export "live") (param i64 i64 i64 i64 f64 f64) (result f64)
    (local $a i64) (local $b i64) (local $c i64) (local $x f64)
    (local.set $a (i64.mul (local.get 0) (local.get 1)))
    (local.set $b (i64.add (local.get 2) (local.get 3)))
    (local.set $c (i64.xor (local.get 0) (local.get 3)))
    (local.set $x (f64.mul (local.get 4) (local.get 5)))
    try (call $throw_none) (unreachable) catch_all end
    (f64.add (local.get $x)
      (f64.convert_i64_s (i64.add (local.get $a) (i64.mul (local.get $b) (local.get $c))))))
  (func (export "float") (param f32) (result f32)
    try (result f32) (throw $float (local.get 0)) catch $float end)
  (func (export "many") (param i32) (result i32)
    (local $sum i32)
    (loop $again
      try (result i32) (call $throw_word (local.get 0)) (unreachable) catch $word end
      (local.set $sum (i32.add (local.get $sum)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))
)
(assert_return (invoke "clauses" (i32.const 0)) (i32.const 11))
(assert_return (invoke "clauses" (i32.const 1)) (i32.const 21))
(assert_return (invoke "clauses" (i32.const 2)) (i32.const 31))
(assert_exception (invoke "clauses" (i32.const 3)))
(assert_return (invoke "clauses" (i32.const 4)) (i32.const 51))
(assert_return (invoke "clauses" (i32.const 5)) (i32.const 99))
(assert_return (invoke "five" (i32.const 4)) (f64.const 26))
(assert_return (invoke "five" (i32.const 5)) (f64.const 0))
(assert_exception (invoke "five" (i32.const 2)))
(assert_return (invoke "or_else" (i32.const 1)) (i32.const 21))
(assert_return (invoke "or_else" (i32.const 3)) (i32.const -1))
(assert_return (invoke "quiet") (i32.const 1))
(assert_return (invoke "bare" (i32.const 5)) (i32.const 1))
(assert_return (invoke "bare" (i32.const 0)) (i32.const 2))
(assert_exception (invoke "bare" (i32.const 1)))
(assert_exception (invoke "bare_alone"))
(assert_return (invoke "values" (i32.const 5)) (i32.const 1001) (i64.const 8))
(assert_return (invoke "values" (i32.const 1)) (i32.const 1021) (i64.const 8))
(assert_return (invoke "values" (i32.const 2)) (i32.const 1004) (i64.const 8))
(assert_return (invoke "values" (i32.const 3)) (i32.const 1006) (i64.const 8))
(assert_return (invoke "deep" (i32.const 100)) (i32.const 7))
(assert_return (invoke "indirect" (i32.const 0) (i32.const 5)) (i32.const 5))
(assert_return (invoke "indirect" (i32.const 1) (i32.const 3)) (i32.const 7))
(assert_return (invoke "tail" (i32.const 1)) (i32.const 21))
(assert_return (invoke "tail" (i32.const 3)) (i32.const 41))
(assert_return (invoke "tail_indirect" (i32.const 0)) (i32.const 9))
(assert_return (invoke "tail_indirect" (i32.const 1)) (i32.const 7))
(assert_return (invoke "rethrow" (i32.const 5)) (i32.const 99))
(assert_return (invoke "rethrow" (i32.const 1)) (i32.const 21))
(assert_return (invoke "rethrow" (i32.const 2)) (i32.const 63))
(assert_exception (invoke "rethrow" (i32.const 0)))
(assert_return (invoke "rethrow" (i32.const 4)) (i32.const 3))
(assert_return (invoke "rethrow_all" (i32.const 2)) (f64.const 32))
(assert_return (invoke "rethrow_all" (i32.const 4)) (f64.const 4))
(assert_return (invoke "rethrow_all" (i32.const 5)) (f64.const 0))
(assert_exception (invoke "rethrow_all" (i32.const 1)))
(assert_return (invoke "rethrow_outer" (i32.const 0)) (i64.const 3))
(assert_return (invoke "rethrow_outer" (i32.const 1)) (i64.const 2))
(assert_return (invoke "rethrow_outer" (i32.const 2)) (i64.const 1))
(assert_return (invoke "rethrow_caught_again") (i64.const 1))
(assert_return (invoke "rethrow_loop" (i32.const 1000)) (i64.const 500500))
(assert_return (invoke "throw_in_catch") (i32.const 55))
(assert_exception (invoke "throw_in_catch_out"))
(assert_trap (invoke "trap_in_catch") "integer divide by zero")
(assert_trap (invoke "trap") "unreachable")
(assert_return (invoke "branches" (i32.const 0)) (i32.const 1))
(assert_return (invoke "branches" (i32.const 1)) (i32.const 2))
(assert_return (invoke "branches" (i32.const 2)) (i32.const 3))
(assert_return (invoke "return_from" (i32.const 5)) (i32.const 1))
(assert_return (invoke "return_from" (i32.const 1)) (i32.const 21))
(assert_return (invoke "return_from" (i32.const 2)) (i32.const 3))
(assert_return (invoke "loop_through" (i32.const 50)) (i32.const 50))
(assert_return (invoke "dead") (i32.const 1))
(assert_return (invoke "dead_clause") (i32.const 1))
(assert_return (invoke "dead_after_throw") (i32.const 3))
(assert_return (invoke "delegate" (i32.const 5)) (i32.const 1))
(assert_return (invoke "delegate" (i32.const 1)) (i32.const 21))
(assert_return (invoke "delegate" (i32.const 0)) (i32.const 3))
(assert_exception (invoke "delegate" (i32.const 2)))
(assert_return (invoke "delegate_values" (i32.const 5)) (i32.const 1) (i64.const 2))
(assert_exception (invoke "delegate_values" (i32.const 2)))
(assert_return (invoke "delegate_to_block") (i32.const 1))
(assert_return (invoke "delegate_past_block") (i32.const 1))
(assert_return (invoke "delegate_to_clause") (i32.const 5))
(assert_exception (invoke "delegate_out" (i32.const 0)))
(assert_return (invoke "delegate_out_caught" (i32.const 2)) (i32.const 31))
(assert_return (invoke "delegate_out_caught" (i32.const 5)) (i32.const 1))
(assert_exception (invoke "delegate_out_caught" (i32.const 1)))
(assert_return (invoke "delegate_chain") (i32.const 8))
(assert_return (invoke "set_before") (i32.const 1))
(assert_return
  (invoke "live" (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (f64.const 1.5) (f64.const 2))
  (f64.const 72))
(assert_return (invoke "float" (f32.const -1.5)) (f32.const -1.5))
(assert_return (invoke "many" (i32.const 100000)) (i32.const 705082704))

;; Larger payloads than a `catch_all` holds in values.
(module
  (type $ten (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64 f64)))
  (tag $ten (type $ten))
  (func $throw (param i64 f64)
    (throw $ten (local.get 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)
      (i64.const 6) (i64.const 7) (i64.const 8) (local.get 1)))
  (func (export "rethrow_large") (param $n i32) (result f64)
    (local $sum f64)
    (loop $again
      try
        try
            (call $throw (i64.extend_i32_u (local.get $n)) (f64.convert_i32_u (local.get $n)))
            catch_all
              try (call $throw (i64.const -1) (f64.const -1)) catch_all end
              (rethrow 0) end
        catch $ten
          (local.set $sum (f64.add (local.get $sum)))
          (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) (drop) end
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
)
(assert_return (invoke "rethrow_large" (i32.const 1000)) (f64.const 500500))

;; A tag of another instance is another tag.
(module
  (import "thrower" "throw_word" (func $throw_word (param i32)))
  (tag $word (param i32))
  (func (export "other") (result i32)
    try (result i32)
      try (result i32) (call $throw_word (i32.const 1)) (i32.const 2) catch $word end
      catch_all (i32.const 3) end))
(assert_return (invoke "other") (i32.const 3))

(assert_invalid (module (func (rethrow 0))) "invalid rethrow label")
(assert_invalid (module (func try (rethrow 0) catch_all end)) "invalid rethrow label")
(assert_invalid (module (func try  delegate 1)) "unknown label")
(assert_invalid (module (tag (param i64)) (func (result i32) try (result i32) (i32.const 1) catch 0 end))
  "type mismatch")
