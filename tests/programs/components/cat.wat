;; stdin: first\nsecond\n
;; Copies standard input to standard output, through pollables too; it may write once `check-write`
;; permits that.
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable-type))
  (import "wasi:io/error@0.2.0" (instance $error
    (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $output (sub resource)))
    (export "input-stream" (type $input (sub resource)))
    (alias outer 1 $error-type (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (alias outer 1 $pollable-type (type $outer-pollable))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]input-stream.read" (func
      (param "self" (borrow $input)) (param "len" u64)
      (result (result (list u8) (error $stream-error)))))
    (export "[method]input-stream.subscribe" (func
      (param "self" (borrow $input)) (result (own $pollable))))
    (export "[method]output-stream.check-write" (func
      (param "self" (borrow $output)) (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.write" (func
      (param "self" (borrow $output)) (param "contents" (list u8))
      (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-type))
  (alias export $streams "input-stream" (type $input-type))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-type (type $outer-output))
    (export "output-stream" (type $output (eq $outer-output)))
    (export "get-stdout" (func (result (own $output))))))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin
    (alias outer 1 $input-type (type $outer-input))
    (export "input-stream" (type $input (eq $outer-input)))
    (export "get-stdin" (func (result (own $input))))))

  (core module $memory
    (memory (export "memory") 4)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $memory (instantiate $memory))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $get-stdin (canon lower (func $stdin "get-stdin")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $subscribe (canon lower (func $streams "[method]input-stream.subscribe")))
  (core func $read (canon lower (func $streams "[method]input-stream.read")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $check (canon lower (func $streams "[method]output-stream.check-write")
    (memory (core memory $memory "memory"))))
  (core func $write (canon lower (func $streams "[method]output-stream.write")
    (memory (core memory $memory "memory"))))
  (core func $drop-pollable (canon resource.drop $pollable-type))
  (core func $drop-input (canon resource.drop $input-type))
  (core module $main
    (import "" "memory" (memory 1))
    (import "" "get-stdout" (func $get-stdout (result i32)))
    (import "" "get-stdin" (func $get-stdin (result i32)))
    (import "" "block" (func $block (param i32)))
    (import "" "subscribe" (func $subscribe (param i32) (result i32)))
    (import "" "read" (func $read (param i32 i64 i32)))
    (import "" "check" (func $check (param i32 i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "drop-pollable" (func $drop-pollable (param i32)))
    (import "" "drop-input" (func $drop-input (param i32)))
    (func (export "run") (result i32)
      (local $in i32) (local $out i32) (local $pollable i32)
      (local.set $in (call $get-stdin))
      (local.set $out (call $get-stdout))
      (local.set $pollable (call $subscribe (local.get $in)))
      (block $end
        (loop $next
          (call $block (local.get $pollable))
          (call $read (local.get $in) (i64.const 1000) (i32.const 0))
          ;; closed
          (br_if $end (i32.load8_u (i32.const 0)))
          (call $check (local.get $out) (i32.const 16))
          (if (i32.load8_u (i32.const 16)) (then (return (i32.const 1))))
          (if (i64.lt_u (i64.load (i32.const 24)) (i64.load32_u (i32.const 8)))
            (then (return (i32.const 1))))
          (call $write (local.get $out)
            (i32.load (i32.const 4)) (i32.load (i32.const 8)) (i32.const 32))
          (br_if $next (i32.eqz (i32.load8_u (i32.const 32))))
          (return (i32.const 1))))
      (call $drop-pollable (local.get $pollable))
      (call $drop-input (local.get $in))
      (i32.const 0)))
  (core instance $main (instantiate $main (with "" (instance
    (export "memory" (memory $memory "memory"))
    (export "get-stdout" (func $get-stdout)) (export "get-stdin" (func $get-stdin))
    (export "block" (func $block)) (export "subscribe" (func $subscribe))
    (export "read" (func $read)) (export "check" (func $check)) (export "write" (func $write))
    (export "drop-pollable" (func $drop-pollable))
    (export "drop-input" (func $drop-input))))))

  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
