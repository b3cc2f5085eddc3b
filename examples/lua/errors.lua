-- Errors that are caught, and coroutines: what needs a Lua with setjmp.

local function show(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  print(table.concat(parts, "\t"))
end

-- Every kind of value as an error.
show(pcall(error, "a string", 0))
show(pcall(error))
show(select("#", pcall(error, nil)))
show(pcall(error, 42))
local thrown = setmetatable({}, { __tostring = function() return "an object" end })
local ok, caught = pcall(error, thrown)
show(ok, caught == thrown, caught)

-- Errors of the language itself.
show(pcall(function() return 1 + {} end))
show(pcall(function() return #5 end))
show(pcall(function() local t; t.x = 1 end))
show(pcall(function() return 1 // 0 end))
show(pcall(function() return {} < {} end))
show(pcall(string.rep))
show(pcall(string.rep, "x", -1))
show(pcall(load, "x ="))
show(load("x ="))
show(pcall(assert, false, "asserted"))
show(pcall(setmetatable, 1, 2))

-- Within each other, with handlers.
show(pcall(function()
  local ok, message = pcall(error, "inner", 0)
  error("outer after " .. message, 0)
end))
show(xpcall(function() error("handled", 0) end, function(message) return "<" .. message .. ">" end))
show(xpcall(error, function() error("in the handler") end, "x"))
show(select(2, xpcall(function() local x = nil; x() end, debug.traceback)) ~= nil)

-- So deep that Lua itself gives up, and goes on.
local function forever(n) return 1 + forever(n + 1) end
local ok, message = pcall(forever, 0)
show(ok, message:match("stack overflow"))
local function nested(n) local ok, m = pcall(nested, n + 1); if not ok then error(m, 0) end return m end
local ok, message = pcall(nested, 0)
show(ok, message:match("C stack overflow") or message:match("overflow") or message)

-- Variables that are closed while an error passes.
do
  local function closing(name)
    return setmetatable({}, { __close = function(_, e) show("closing", name, e) end })
  end
  show(pcall(function()
    local a <close> = closing("a")
    local b <close> = closing("b")
    error("passing", 0)
  end))
end

-- Coroutines: values both ways, errors, yields across protected calls.
local function generator(n)
  return coroutine.wrap(function() for i = 1, n do coroutine.yield(i, i * i) end return "end" end)
end
local next_value = generator(3)
for _ = 1, 4 do show(next_value()) end
show(pcall(next_value))

local co = coroutine.create(function(a)
  local ok, b = pcall(function() return coroutine.yield(a + 1) end)
  show("in coroutine", ok, b)
  local ok, e = pcall(function() coroutine.yield("again"); error("after a yield", 0) end)
  show("in coroutine", ok, e)
  error({ code = 7 })
end)
show(coroutine.resume(co, 1))
show(coroutine.resume(co, "sent"))
local ok, e = coroutine.resume(co)
show(coroutine.status(co))
show(ok, type(e) == "table" and e.code)
show(coroutine.status(co), coroutine.resume(co))
show(coroutine.isyieldable(), coroutine.running() ~= nil)
local closing = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() show("closed by the host") end })
  coroutine.yield()
end)
coroutine.resume(closing)
show(coroutine.close(closing), coroutine.status(closing))

-- Producer and consumer, and a sort whose comparison throws.
local producer = coroutine.wrap(function() for word in ("one two three"):gmatch("%a+") do coroutine.yield(word) end end)
for word in producer do show("consumed", word) end
show(pcall(table.sort, { 3, 1, 2 }, function() error("comparing", 0) end))
show(pcall(string.gsub, "abc", "%w", function(c) if c == "b" then error("replacing", 0) end end))

-- Many.
local count = 0
for i = 1, 20000 do
  local ok, e = pcall(error, i)
  if not ok and e == i then count = count + 1 end
end
show("caught", count)
local sum = 0
local co = coroutine.wrap(function() for i = 1, 20000 do coroutine.yield(i) end end)
for _ = 1, 20000 do sum = sum + co() end
show("yielded", sum)
