// The tags of exceptions and of longjmp: LLVM only refers to them, and WASI's C library, as zig
// bundles it, does not define them.
__asm__(".globl __c_longjmp\n"
        ".tagtype __c_longjmp i32\n"
        "__c_longjmp:\n"
        ".globl __cpp_exception\n"
        ".tagtype __cpp_exception i32\n"
        "__cpp_exception:\n");
