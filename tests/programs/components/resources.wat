;; A resource that one component defines and another uses: its destructor runs when it is dropped. The
;; status is 10 times what was read through a borrow, and how many were destroyed.
(component
  (import "wasi:cli/exit@0.2.12" (instance $exit
    (export "exit-with-code" (func (param "status-code" u8)))))
  (component $definer
    (core module $state
      (global $dropped (mut i32) (i32.const 0))
      (func (export "dtor") (param i32)
        (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
      (func (export "dropped") (result i32) (global.get $dropped))
      (func (export "value") (param i32) (result i32) (local.get 0)))
    (core instance $state (instantiate $state))
    (type $counter' (resource (rep i32) (dtor (core func $state "dtor"))))
    (export $counter "counter" (type $counter'))
    (core func $new (canon resource.new $counter'))
    (core module $m
      (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0))))
    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
    (func (export "make") (param "value" u32) (result (own $counter))
      (canon lift (core func $i "make")))
    (func (export "value") (param "of" (borrow $counter)) (result u32)
      (canon lift (core func $state "value")))
    (func (export "dropped") (result u32) (canon lift (core func $state "dropped"))))
  (component $user
    (import "definer" (instance $definer
      (export "counter" (type $counter (sub resource)))
      (export "make" (func (param "value" u32) (result (own $counter))))
      (export "value" (func (param "of" (borrow $counter)) (result u32)))
      (export "dropped" (func (result u32)))))
    (import "exit" (func $exit (param "status-code" u8)))
    (alias export $definer "counter" (type $counter))
    (core func $make (canon lower (func $definer "make")))
    (core func $value (canon lower (func $definer "value")))
    (core func $dropped (canon lower (func $definer "dropped")))
    (core func $drop (canon resource.drop $counter))
    (core func $exit (canon lower (func $exit)))
    (core module $main
      (import "" "make" (func $make (param i32) (result i32)))
      (import "" "value" (func $value (param i32) (result i32)))
      (import "" "dropped" (func $dropped (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (import "" "exit" (func $exit (param i32)))
      (func (export "run") (result i32)
        (local $first i32) (local $second i32) (local $sum i32)
        (local.set $first (call $make (i32.const 3)))
        (local.set $second (call $make (i32.const 4)))
        (local.set $sum (i32.add
          (call $value (local.get $first)) (call $value (local.get $second))))
        (call $drop (local.get $first))
        (call $drop (local.get $second))
        (call $exit (i32.add (i32.mul (local.get $sum) (i32.const 10)) (call $dropped)))
        (i32.const 0)))
    (core instance $main (instantiate $main (with "" (instance
      (export "make" (func $make)) (export "value" (func $value))
      (export "dropped" (func $dropped)) (export "drop" (func $drop))
      (export "exit" (func $exit))))))
    (func (export "run") (result (result)) (canon lift (core func $main "run"))))
  (instance $definer (instantiate $definer))
  (instance $user (instantiate $user
    (with "definer" (instance $definer)) (with "exit" (func $exit "exit-with-code"))))
  (instance $command (export "run" (func $user "run")))
  (export "wasi:cli/run@0.2.12" (instance $command)))
