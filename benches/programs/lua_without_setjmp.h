//! Lua for a WASI without setjmp: included before every Lua source file.
//!
//! Lua leaves a protected call by longjmp, which on WebAssembly needs the exception handling
//! proposal. Here nothing is caught: an error prints its message and ends the process with status
//! 1. What therefore does not work: `pcall`, `xpcall` and `coroutine` after an error or a yield.
//! Everything else is Lua as it is.

#ifndef WASMC_LUA_WITHOUT_SETJMP_H
#define WASMC_LUA_WITHOUT_SETJMP_H

struct lua_State;
__attribute__((noreturn)) void wasmc_lua_throw(struct lua_State *L, int status);

#define LUAI_THROW(L, c) wasmc_lua_throw(L, (c)->status)
#define LUAI_TRY(L, c, a) { a }
#define luai_jmpbuf int

// The name that guards <setjmp.h>: on WASI that header is nothing but an #error.
#ifdef __wasi__
#define _SETJMP_H
#endif

#endif
