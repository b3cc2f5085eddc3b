;; shows: branch hints
;; Branches that the module calls likely or unlikely: what is unlikely is cold, and lies at the end.
;; emit: clif
(module
  (func $other (import "wasi_snapshot_preview1" "sched_yield") (result i32))
  (func $unlikely_if (export "unlikely_if") (param i32) (result i32)
    (local.get 0)
    (@metadata.code.branch_hint "\00") if (result i32)
      (if (result i32) (call $other) (then (i32.const 1)) (else (i32.const 2)))
    else
      (i32.const 3)
    end)
  (func $likely_if (export "likely_if") (param i32) (result i32)
    (local.get 0)
    (@metadata.code.branch_hint "\01") if (result i32)
      (i32.const 3)
    else
      (if (result i32) (call $other) (then (i32.const 1)) (else (i32.const 2)))
    end)
  (func $unlikely_br (export "unlikely_br") (param i32) (result i32)
    (block $out (result i32)
      (i32.const 1)
      (local.get 0)
      (@metadata.code.branch_hint "\00") br_if $out
      (drop)
      (call $other)))
  (func $likely_br (export "likely_br") (param i32) (result i32)
    (block $out (result i32)
      (i32.const 1)
      (local.get 0)
      (@metadata.code.branch_hint "\01") br_if $out
      (drop)
      (call $other)))
  (func $plain (export "plain") (param i32) (result i32)
    (block $out (result i32)
      (i32.const 1)
      (local.get 0)
      br_if $out
      (drop)
      (call $other)))
  ;; A loop goes on as a rule: what follows it is not cold.
  (func $likely_loop (export "likely_loop") (param i32)
    (loop $again
      (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))
      (@metadata.code.branch_hint "\01") br_if $again)))
