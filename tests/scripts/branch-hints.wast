;; Branch hints change nothing that a program computes, and malformed ones are ignored.

(module
  (func (export "sum") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (i32.and (local.get $n) (i32.const 1))
      (@metadata.code.branch_hint "\00") if
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
      else
        (local.set $sum (i32.sub (local.get $sum) (i32.const 1)))
      end
      (local.tee $n (i32.sub (local.get $n) (i32.const 1)))
      (@metadata.code.branch_hint "\01") br_if $again)
    (local.get $sum))
  (func (export "values") (param i32) (result i32 i64)
    (block $out (result i32 i64)
      (i32.const 1)
      (i64.const 2)
      (local.get 0)
      (@metadata.code.branch_hint "\00") br_if $out
      (drop)
      (drop)
      (i32.const 3)
      (i64.const 4)))
  ;; In a part that cannot be reached, and in parts that end before their block.
  (func (export "dead") (param i32) (result i32)
    (block $out
      (local.get 0)
      (@metadata.code.branch_hint "\00") if
        (br $out)
        (local.get 0)
        (@metadata.code.branch_hint "\01") if
          unreachable
        end
        (local.get 0)
        (@metadata.code.branch_hint "\00") br_if $out
      else
        (return (i32.const 1))
      end)
    (i32.const 2)))
(assert_return (invoke "sum" (i32.const 10)) (i32.const 20))
(assert_return (invoke "values" (i32.const 0)) (i32.const 3) (i64.const 4))
(assert_return (invoke "values" (i32.const 1)) (i32.const 1) (i64.const 2))
(assert_return (invoke "dead" (i32.const 0)) (i32.const 1))
(assert_return (invoke "dead" (i32.const 1)) (i32.const 2))

;; Not a section of hints at all; hints for what does not exist.
(module
  (@custom "metadata.code.branch_hint" (before code) "\ff\ff\ff")
  (func (export "one") (result i32) (i32.const 1)))
(assert_return (invoke "one") (i32.const 1))
(module
  (@custom "metadata.code.branch_hint" (before code) "\01\63\01\01\01\00")
  (func (export "one") (result i32) (i32.const 1)))
(assert_return (invoke "one") (i32.const 1))
(module
  (@custom "metadata.code.branch_hint" (before code) "\01\00\02\00\01\00\63\01\01")
  (func (export "one") (result i32) (i32.const 1)))
(assert_return (invoke "one") (i32.const 1))
