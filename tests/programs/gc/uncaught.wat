;; An exception that is an object names its tag, too.
(module
  (type $message (struct (field i32)))
  (tag $other)
  (tag $failure (param (ref null $message)))
  (func $throw (throw $failure (struct.new $message (i32.const 3))))
  (func (export "_start")
    (block $caught (try_table (catch $other $caught) (call $throw)) (return))
    (unreachable)))
