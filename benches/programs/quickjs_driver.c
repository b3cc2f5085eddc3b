//! Runs a JavaScript file: `quickjs FILE [ARGUMENT...]`, the arguments in the global `scriptArgs`,
//! output through `print`. Only the engine itself, without its library for the operating system.

#include "driver.h"
#include "quickjs.h"

static JSValue print(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this;
    for (int i = 0; i < count; i++) {
        const char *text = JS_ToCString(context, values[i]);
        if (!text) return JS_EXCEPTION;
        printf(i ? " %s" : "%s", text);
        JS_FreeCString(context, text);
    }
    putchar('\n');
    return JS_UNDEFINED;
}

static void fail(JSContext *context) {
    JSValue exception = JS_GetException(context);
    const char *text = JS_ToCString(context, exception);
    fflush(stdout);
    driver_fail("quickjs: %s", text ? text : "(an exception without text)");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE [ARGUMENT...]\n", argv[0]);
        return 2;
    }
    Buffer file = driver_read(argv[1]);
    Buffer script = driver_allocate(file.length + 1);
    memcpy(script.bytes, file.bytes, file.length);
    script.bytes[file.length] = 0;

    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = runtime ? JS_NewContext(runtime) : NULL;
    if (!context) driver_fail("out of memory");
    JSValue global = JS_GetGlobalObject(context);
    JS_SetPropertyStr(context, global, "print", JS_NewCFunction(context, print, "print", 1));
    JSValue arguments = JS_NewArray(context);
    for (int i = 2; i < argc; i++)
        JS_SetPropertyUint32(context, arguments, (uint32_t)(i - 2), JS_NewString(context, argv[i]));
    JS_SetPropertyStr(context, global, "scriptArgs", arguments);
    JS_FreeValue(context, global);

    JSValue result = JS_Eval(context, (const char *)script.bytes, file.length, argv[1],
                             JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT);
    if (JS_IsException(result)) fail(context);
    JS_FreeValue(context, result);
    for (JSContext *job;;) {
        int done = JS_ExecutePendingJob(runtime, &job);
        if (done < 0) fail(job);
        if (done == 0) break;
    }
    JS_FreeContext(context);
    JS_FreeRuntime(runtime);
    return 0;
}
