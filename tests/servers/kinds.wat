;; A server whose answer depends on the path:
;;   /        "hello\n", in chunks as it is written
;;   /count   how often this instance has counted, in a global and in memory
;;   /echo    the body, as it comes
;;   /read    how many bytes the body has, four hexadecimal digits; nothing when it cannot be read
;;   /big     a MiB, in parts of 4 KiB
;;   /whole   an answer that is complete before it is given: with its length
;;   /early   an answer of which a part is written before it is given
;;   /short   an answer that promises more bytes than it has
;;   /none    nothing
;;   /trap    a trap before the answer; /xtrap one in the middle of it
;;   /loop    no end; /quit ends the program; /memory, /fields and /handles use up what there is
(component
  (import "wasi:io/error@0.2.0" (instance $error
    (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "input-stream" (type $input (sub resource)))
    (export "output-stream" (type $output (sub resource)))
    (alias outer 1 $error-type (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]input-stream.blocking-read" (func
      (param "self" (borrow $input)) (param "len" u64)
      (result (result (list u8) (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $output)) (param "contents" (list u8))
      (result (result (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input-type))
  (alias export $streams "output-stream" (type $output-type))
  (import "wasi:cli/exit@0.2.0" (instance $exit
    (export "exit" (func (param "status" (result))))))
  (import "wasi:http/types@0.2.0" (instance $types
    (type $DNS (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $DNS-error (eq $DNS)))
    (type $TLS (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $TLS-alert (eq $TLS)))
    (type $size (record (field "field-name" (option string)) (field "field-size" (option u32))))
    (export "field-size-payload" (type $field-size (eq $size)))
    (type $code (variant
      (case "DNS-timeout") (case "DNS-error" $DNS-error) (case "destination-not-found")
      (case "destination-unavailable") (case "destination-IP-prohibited")
      (case "destination-IP-unroutable") (case "connection-refused")
      (case "connection-terminated") (case "connection-timeout")
      (case "connection-read-timeout") (case "connection-write-timeout")
      (case "connection-limit-reached") (case "TLS-protocol-error")
      (case "TLS-certificate-error") (case "TLS-alert-received" $TLS-alert)
      (case "HTTP-request-denied") (case "HTTP-request-length-required")
      (case "HTTP-request-body-size" (option u64)) (case "HTTP-request-method-invalid")
      (case "HTTP-request-URI-invalid") (case "HTTP-request-URI-too-long")
      (case "HTTP-request-header-section-size" (option u32))
      (case "HTTP-request-header-size" (option $field-size))
      (case "HTTP-request-trailer-section-size" (option u32))
      (case "HTTP-request-trailer-size" $field-size) (case "HTTP-response-incomplete")
      (case "HTTP-response-header-section-size" (option u32))
      (case "HTTP-response-header-size" $field-size)
      (case "HTTP-response-body-size" (option u64))
      (case "HTTP-response-trailer-section-size" (option u32))
      (case "HTTP-response-trailer-size" $field-size)
      (case "HTTP-response-transfer-coding" (option string))
      (case "HTTP-response-content-coding" (option string)) (case "HTTP-response-timeout")
      (case "HTTP-upgrade-failed") (case "HTTP-protocol-error") (case "loop-detected")
      (case "configuration-error") (case "internal-error" (option string))))
    (export "error-code" (type $error-code (eq $code)))
    (export "fields" (type $fields (sub resource)))
    (export "incoming-request" (type $request (sub resource)))
    (export "incoming-body" (type $incoming-body (sub resource)))
    (export "response-outparam" (type $outparam (sub resource)))
    (export "outgoing-response" (type $response (sub resource)))
    (export "outgoing-body" (type $outgoing-body (sub resource)))
    (alias outer 1 $input-type (type $outer-input))
    (export "input-stream" (type $input (eq $outer-input)))
    (alias outer 1 $output-type (type $outer-output))
    (export "output-stream" (type $output (eq $outer-output)))
    (type $problem (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
    (export "header-error" (type $header-error (eq $problem)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[method]fields.append" (func
      (param "self" (borrow $fields)) (param "name" string) (param "value" (list u8))
      (result (result (error $header-error)))))
    (export "[method]incoming-request.path-with-query" (func
      (param "self" (borrow $request)) (result (option string))))
    (export "[method]incoming-request.headers" (func
      (param "self" (borrow $request)) (result (own $fields))))
    (export "[method]incoming-request.consume" (func
      (param "self" (borrow $request)) (result (result (own $incoming-body)))))
    (export "[method]incoming-body.stream" (func
      (param "self" (borrow $incoming-body)) (result (result (own $input)))))
    (export "[constructor]outgoing-response" (func
      (param "headers" (own $fields)) (result (own $response))))
    (export "[method]outgoing-response.body" (func
      (param "self" (borrow $response)) (result (result (own $outgoing-body)))))
    (export "[method]outgoing-body.write" (func
      (param "self" (borrow $outgoing-body)) (result (result (own $output)))))
    (export "[static]outgoing-body.finish" (func
      (param "this" (own $outgoing-body)) (param "trailers" (option (own $fields)))
      (result (result (error $error-code)))))
    (export "[static]response-outparam.set" (func
      (param "param" (own $outparam))
      (param "response" (result (own $response) (error $error-code)))))))
  (alias export $types "incoming-request" (type $request-type))
  (alias export $types "response-outparam" (type $outparam-type))

  (core module $memory
    (memory (export "memory") 4 64)
    ;; One string or list of the host's is used at a time.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 0x10000)))
  (core instance $memory (instantiate $memory))
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory (core memory $memory "memory"))))
  (core func $drop-output (canon resource.drop $output-type))
  (core func $exit (canon lower (func $exit "exit")))
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $append (canon lower (func $types "[method]fields.append")
    (memory (core memory $memory "memory"))))
  (core func $path (canon lower (func $types "[method]incoming-request.path-with-query")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $consume (canon lower (func $types "[method]incoming-request.consume")
    (memory (core memory $memory "memory"))))
  (core func $stream (canon lower (func $types "[method]incoming-body.stream")
    (memory (core memory $memory "memory"))))
  (core func $response (canon lower (func $types "[constructor]outgoing-response")))
  (core func $body (canon lower (func $types "[method]outgoing-response.body")
    (memory (core memory $memory "memory"))))
  (core func $body-write (canon lower (func $types "[method]outgoing-body.write")
    (memory (core memory $memory "memory"))))
  (core func $finish (canon lower (func $types "[static]outgoing-body.finish")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $set (canon lower (func $types "[static]response-outparam.set")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))

  (core module $main
    (import "host" "memory" (memory 4 64))
    (import "host" "read" (func $read (param i32 i64 i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "drop-output" (func $drop-output (param i32)))
    (import "host" "exit" (func $exit (param i32)))
    (import "host" "fields" (func $fields (result i32)))
    (import "host" "append" (func $append (param i32 i32 i32 i32 i32 i32)))
    (import "host" "path" (func $path (param i32 i32)))
    (import "host" "consume" (func $consume (param i32 i32)))
    (import "host" "stream" (func $stream (param i32 i32)))
    (import "host" "response" (func $response (param i32) (result i32)))
    (import "host" "body" (func $body (param i32 i32)))
    (import "host" "body-write" (func $body-write (param i32 i32)))
    (import "host" "finish" (func $finish (param i32 i32 i32 i32)))
    (import "host" "set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
    ;; Results are written to 0 to 63. From 64 on:
    (data (i32.const 64) "hello\n")
    (data (i32.const 80) "content-type")
    (data (i32.const 96) "text/plain")
    (data (i32.const 112) "content-length")
    (data (i32.const 128) "12")
    (data (i32.const 144) "0123456789abcdef")
    (global $count (mut i32) (i32.const 0))
    (table $table 2 funcref)
    (elem declare func $hello)

    ;; A response with a content type, and its length if that is known: 14 bytes of name at 112.
    (func $make (param $with-length i32) (result i32) (local $headers i32)
      (local.set $headers (call $fields))
      (call $append (local.get $headers) (i32.const 80) (i32.const 12) (i32.const 96) (i32.const 10)
        (i32.const 0))
      (if (local.get $with-length) (then
        (call $append (local.get $headers) (i32.const 112) (i32.const 14) (i32.const 128)
          (i32.const 2) (i32.const 0))))
      (call $response (local.get $headers)))
    (func $body-of (param $response i32) (result i32)
      (call $body (local.get $response) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then unreachable))
      (i32.load (i32.const 4)))
    (func $answer (param $out i32) (param $response i32)
      (call $set (local.get $out) (i32.const 0) (local.get $response) (i32.const 0) (i64.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
    (func $stream-of (param $body i32) (result i32)
      (call $body-write (local.get $body) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then unreachable))
      (i32.load (i32.const 4)))
    (func $end (param $body i32) (param $stream i32)
      (call $drop-output (local.get $stream))
      (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 0)))
    ;; Answers with bytes of memory.
    (func $text (param $out i32) (param $at i32) (param $len i32)
      (local $response i32) (local $body i32) (local $stream i32)
      (local.set $response (call $make (i32.const 0)))
      (local.set $body (call $body-of (local.get $response)))
      (call $answer (local.get $out) (local.get $response))
      (local.set $stream (call $stream-of (local.get $body)))
      (call $write (local.get $stream) (local.get $at) (local.get $len) (i32.const 0))
      (call $end (local.get $body) (local.get $stream)))
    (func $hello (param $out i32)
      (call $text (local.get $out) (i32.const 64) (i32.const 6)))
    (func $digit (param $at i32) (param $digit i32)
      (i32.store8 (local.get $at) (i32.load8_u offset=144 (local.get $digit))))

    (func $count (param $out i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (i32.store (i32.const 0x2fff0) (i32.add (i32.load (i32.const 0x2fff0)) (i32.const 1)))
      ;; A table that is no longer null counts too.
      (if (ref.is_null (table.get $table (i32.const 1)))
        (then (table.set $table (i32.const 1) (ref.func $hello)))
        (else (i32.store (i32.const 0x2fff0)
          (i32.add (i32.load (i32.const 0x2fff0)) (i32.const 1)))))
      (call $digit (i32.const 256) (global.get $count))
      (call $digit (i32.const 257) (i32.load (i32.const 0x2fff0)))
      (call $text (local.get $out) (i32.const 256) (i32.const 2)))

    (func $input (param $request i32) (result i32)
      (call $consume (local.get $request) (i32.const 0))
      (call $stream (i32.load (i32.const 4)) (i32.const 0))
      (i32.load (i32.const 4)))
    (func $echo (param $request i32) (param $out i32)
      (local $input i32) (local $response i32) (local $body i32) (local $stream i32)
      (local.set $input (call $input (local.get $request)))
      (local.set $response (call $make (i32.const 0)))
      (local.set $body (call $body-of (local.get $response)))
      (call $answer (local.get $out) (local.get $response))
      (local.set $stream (call $stream-of (local.get $body)))
      (block $done (loop $more
        (call $read (local.get $input) (i64.const 4096) (i32.const 0))
        (br_if $done (i32.load8_u (i32.const 0)))
        (call $write (local.get $stream) (i32.load (i32.const 4)) (i32.load (i32.const 8))
          (i32.const 0))
        (br $more)))
      (call $end (local.get $body) (local.get $stream)))
    (func $read-all (param $request i32) (param $out i32)
      (local $input i32) (local $len i32)
      (local.set $input (call $input (local.get $request)))
      (block $done (loop $more
        (call $read (local.get $input) (i64.const 4096) (i32.const 0))
        (br_if $done (i32.load8_u (i32.const 0)))
        (local.set $len (i32.add (local.get $len) (i32.load (i32.const 8))))
        (br $more)))
      ;; `closed` is 1; anything else has failed.
      (if (i32.eqz (i32.load8_u (i32.const 4))) (then return))
      (call $digit (i32.const 256) (i32.and (i32.shr_u (local.get $len) (i32.const 12)) (i32.const 15)))
      (call $digit (i32.const 257) (i32.and (i32.shr_u (local.get $len) (i32.const 8)) (i32.const 15)))
      (call $digit (i32.const 258) (i32.and (i32.shr_u (local.get $len) (i32.const 4)) (i32.const 15)))
      (call $digit (i32.const 259) (i32.and (local.get $len) (i32.const 15)))
      (call $text (local.get $out) (i32.const 256) (i32.const 4)))
    (func $big (param $out i32)
      (local $response i32) (local $body i32) (local $stream i32) (local $left i32)
      (local.set $response (call $make (i32.const 0)))
      (local.set $body (call $body-of (local.get $response)))
      (call $answer (local.get $out) (local.get $response))
      (local.set $stream (call $stream-of (local.get $body)))
      (local.set $left (i32.const 256))
      (loop $more
        (call $write (local.get $stream) (i32.const 0x20000) (i32.const 4096) (i32.const 0))
        (if (i32.load8_u (i32.const 0)) (then unreachable))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $more (local.get $left)))
      (call $end (local.get $body) (local.get $stream)))
    ;; Writes the body before the answer is given; ends it before or after that.
    (func $before (param $out i32) (param $whole i32)
      (local $response i32) (local $body i32) (local $stream i32)
      (local.set $response (call $make (i32.const 0)))
      (local.set $body (call $body-of (local.get $response)))
      (local.set $stream (call $stream-of (local.get $body)))
      (call $write (local.get $stream) (i32.const 64) (i32.const 6) (i32.const 0))
      (if (local.get $whole) (then (call $end (local.get $body) (local.get $stream))))
      (call $answer (local.get $out) (local.get $response))
      (if (i32.eqz (local.get $whole)) (then
        (call $write (local.get $stream) (i32.const 64) (i32.const 6) (i32.const 0))
        (call $end (local.get $body) (local.get $stream)))))
    (func $short (param $out i32)
      (local $response i32) (local $body i32) (local $stream i32)
      (local.set $response (call $make (i32.const 1)))
      (local.set $body (call $body-of (local.get $response)))
      (call $answer (local.get $out) (local.get $response))
      (local.set $stream (call $stream-of (local.get $body)))
      (call $write (local.get $stream) (i32.const 64) (i32.const 6) (i32.const 0))
      (call $end (local.get $body) (local.get $stream)))
    (func $trap-within (param $out i32)
      (local $response i32) (local $stream i32)
      (local.set $response (call $make (i32.const 0)))
      (local.set $stream (call $stream-of (call $body-of (local.get $response))))
      (call $answer (local.get $out) (local.get $response))
      (call $write (local.get $stream) (i32.const 64) (i32.const 6) (i32.const 0))
      unreachable)
    (func $use-fields (local $headers i32)
      (local.set $headers (call $fields))
      (loop $more
        (call $append (local.get $headers) (i32.const 80) (i32.const 12) (i32.const 0x20000)
          (i32.const 0) (i32.const 0))
        (br $more)))
    (func $use-memory
      (loop $more
        (br_if $more (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
      unreachable)

    (func (export "handle") (param $request i32) (param $out i32)
      (local $kind i32)
      (call $path (local.get $request) (i32.const 0))
      (if (i32.gt_u (i32.load (i32.const 8)) (i32.const 1)) (then
        (local.set $kind (i32.load8_u offset=1 (i32.load (i32.const 4))))))
      (block $h (block $m (block $f (block $q (block $l (block $x (block $t (block $n
        (if (i32.eqz (local.get $kind)) (then (call $hello (local.get $out)) (return)))
        (if (i32.eq (local.get $kind) (i32.const 0x63)) ;; c
          (then (call $count (local.get $out)) (return)))
        (if (i32.eq (local.get $kind) (i32.const 0x65)) (then ;; e: echo or early
          (if (i32.eq (i32.load8_u offset=2 (i32.load (i32.const 4))) (i32.const 0x63))
            (then (call $echo (local.get $request) (local.get $out)))
            (else (call $before (local.get $out) (i32.const 0))))
          (return)))
        (if (i32.eq (local.get $kind) (i32.const 0x72)) ;; r
          (then (call $read-all (local.get $request) (local.get $out)) (return)))
        (if (i32.eq (local.get $kind) (i32.const 0x62)) ;; b
          (then (call $big (local.get $out)) (return)))
        (if (i32.eq (local.get $kind) (i32.const 0x77)) ;; w
          (then (call $before (local.get $out) (i32.const 1)) (return)))
        (if (i32.eq (local.get $kind) (i32.const 0x73)) ;; s
          (then (call $short (local.get $out)) (return)))
        (br_if $n (i32.eq (local.get $kind) (i32.const 0x6e)))
        (br_if $t (i32.eq (local.get $kind) (i32.const 0x74)))
        (br_if $x (i32.eq (local.get $kind) (i32.const 0x78)))
        (br_if $l (i32.eq (local.get $kind) (i32.const 0x6c)))
        (br_if $q (i32.eq (local.get $kind) (i32.const 0x71)))
        (br_if $m (i32.eq (local.get $kind) (i32.const 0x6d)))
        (br_if $f (i32.eq (local.get $kind) (i32.const 0x66)))
        (br $h))
        (return)) ;; n
        unreachable) ;; t
        (call $trap-within (local.get $out)) (return)) ;; x
        (loop $forever (br $forever))) ;; l
        (call $exit (i32.const 0)) (return)) ;; q
        (call $use-fields) (return)) ;; f
        (call $use-memory) (return)) ;; m
      ;; h
      (loop $more (drop (call $fields)) (br $more))))
  (core instance $main (instantiate $main (with "host" (instance
    (export "memory" (memory $memory "memory"))
    (export "read" (func $read))
    (export "write" (func $write))
    (export "drop-output" (func $drop-output))
    (export "exit" (func $exit))
    (export "fields" (func $fields))
    (export "append" (func $append))
    (export "path" (func $path))
    (export "consume" (func $consume))
    (export "stream" (func $stream))
    (export "response" (func $response))
    (export "body" (func $body))
    (export "body-write" (func $body-write))
    (export "finish" (func $finish))
    (export "set" (func $set))))))

  (func $handle (param "request" (own $request-type)) (param "response-out" (own $outparam-type))
    (canon lift (core func $main "handle")))
  (component $wrap
    (import "request" (type $request (sub resource)))
    (import "outparam" (type $outparam (sub resource)))
    (import "handle" (func $handle
      (param "request" (own $request)) (param "response-out" (own $outparam))))
    (export $exported-request "incoming-request" (type $request))
    (export $exported-outparam "response-outparam" (type $outparam))
    (export "handle" (func $handle) (func
      (param "request" (own $exported-request)) (param "response-out" (own $exported-outparam)))))
  (instance $handler (instantiate $wrap
    (with "request" (type $request-type))
    (with "outparam" (type $outparam-type))
    (with "handle" (func $handle))))
  (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))
