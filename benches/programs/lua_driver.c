//! Runs a Lua script: `lua SCRIPT [ARGUMENT...]`, the arguments in the global table `arg`.

#include "driver.h"
#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"

/// Where a Lua error ends (see lua_without_setjmp.h): the message lies on top of the stack.
__attribute__((noreturn)) void wasmc_lua_throw(lua_State *L, int status) {
    if (status == LUA_YIELD) driver_fail("lua: a coroutine cannot yield in this build");
    const char *message = lua_tostring(L, -1);
    fflush(stdout);
    driver_fail("lua: %s", message ? message : "(an error that is not a string)");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s SCRIPT [ARGUMENT...]\n", argv[0]);
        return 2;
    }
    lua_State *L = luaL_newstate();
    if (!L) driver_fail("out of memory");
    luaL_openlibs(L);
    lua_createtable(L, argc - 2, 1);
    for (int i = 1; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - 1);
    }
    lua_setglobal(L, "arg");
    // A protected call, although nothing is caught: an unprotected error would panic and abort.
    if (luaL_loadfile(L, argv[1]) != LUA_OK || lua_pcall(L, 0, 0, 0) != LUA_OK)
        wasmc_lua_throw(L, LUA_ERRRUN);
    lua_close(L);
    return 0;
}
