;; args: one two
;; As toolchains make components: functions of the host are called through a table that a last
;; instance fills, since they need the main module's memory. Prints each argument but the first.
(component
  (import "wasi:cli/environment@0.2.3" (instance $environment
    (export "get-arguments" (func (result (list string))))))
  (import "wasi:io/error@0.2.3" (instance $error
    (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (export "output-stream" (type $output (sub resource)))
    (alias outer 1 $error-type (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $output)) (param "contents" (list u8))
      (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-type))
  (import "wasi:cli/stdout@0.2.3" (instance $stdout
    (alias outer 1 $output-type (type $outer-output))
    (export "output-stream" (type $output (eq $outer-output)))
    (export "get-stdout" (func (result (own $output))))))

  (core module $shim
    (type $arguments (func (param i32)))
    (type $write (func (param i32 i32 i32 i32)))
    (table (export "$imports") 2 2 funcref)
    (func (export "0") (type $arguments)
      (call_indirect (type $arguments) (local.get 0) (i32.const 0)))
    (func (export "1") (type $write)
      (call_indirect (type $write)
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 1))))
  (core instance $shim (instantiate $shim))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))

  (core module $main
    (import "wasi" "get-stdout" (func $get-stdout (result i32)))
    (import "wasi" "get-arguments" (func $get-arguments (param i32)))
    (import "wasi" "write" (func $write (param i32 i32 i32 i32)))
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    (data (i32.const 0) "\n")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $free (i32.and
        (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get 2))))
      (global.get $free)
      (global.set $free (i32.add (global.get $free) (local.get 3))))
    (func (export "run") (result i32)
      (local $stdout i32) (local $at i32) (local $end i32)
      (local.set $stdout (call $get-stdout))
      (call $get-arguments (i32.const 16))
      (local.set $at (i32.load (i32.const 16)))
      (local.set $end (i32.add (local.get $at)
        (i32.mul (i32.load (i32.const 20)) (i32.const 8))))
      (loop $next
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (if (i32.lt_u (local.get $at) (local.get $end)) (then
          (call $write (local.get $stdout)
            (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)) (i32.const 32))
          (call $write (local.get $stdout) (i32.const 0) (i32.const 1) (i32.const 32))
          (br $next))))
      (i32.const 0)))
  (core instance $main (instantiate $main (with "wasi" (instance
    (export "get-stdout" (func $get-stdout))
    (export "get-arguments" (func $shim "0"))
    (export "write" (func $shim "1"))))))

  (core func $get-arguments (canon lower (func $environment "get-arguments")
    (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
  (core func $write (canon lower
    (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $main "memory"))))
  (core module $fixups
    (import "" "0" (func (param i32)))
    (import "" "1" (func (param i32 i32 i32 i32)))
    (import "" "$imports" (table 2 2 funcref))
    (elem (i32.const 0) func 0 1))
  (core instance (instantiate $fixups (with "" (instance
    (export "$imports" (table $shim "$imports"))
    (export "0" (func $get-arguments))
    (export "1" (func $write))))))

  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $command)))
