-- One tour of the language: numbers, strings, tables, closures, metatables, files, garbage.

local function section(name) print("== " .. name) end

section("numbers")
print(7 // 2, -7 // 2, 7 % -3, 2 ^ 10, 10 / 4, 1e308 * 10, -(0 / 0) ~= -(0 / 0))
print(math.maxinteger + 1 == math.mininteger, 0xff ~ 0x0f, 1 << 62, 5 // 0.0, 3 | 4)
print(string.format("%d %5.2f %x %q %s %g", 42, math.pi, 255, "a\nb", true, 1e15))
print(tostring(1e15), tostring(2^53), 100000000000000, tonumber("0x1p4"), tonumber("z", 36))
print(math.type(1), math.type(1.0), math.tointeger(3.0), math.floor(-3.5), math.ceil(-3.5))

section("strings")
local text = "the quick brown fox jumps over the lazy dog"
print(text:upper(), #text, text:sub(-3), text:find("quick"), text:rep(2, "|"):len())
print((text:gsub("(%w+)", function(word) return word:sub(1, 1):upper() .. word:sub(2) end)))
local counts = {}
for letter in text:gmatch("%a") do counts[letter] = (counts[letter] or 0) + 1 end
local letters = {}
for letter in pairs(counts) do letters[#letters + 1] = letter end
table.sort(letters)
for i, letter in ipairs(letters) do letters[i] = letter .. counts[letter] end
print(table.concat(letters, " "))
print(string.pack("<i4z", 7, "x"):byte(1, -1))
print(utf8.char(228, 8364, 128512), utf8.len("äöü"), ("x"):byte())

section("tables")
local squares = {}
for i = 1, 20 do squares[i] = i * i end
table.insert(squares, 1, 0)
table.remove(squares)
print(#squares, table.unpack(squares, 1, 6))
table.sort(squares, function(a, b) return a % 7 < b % 7 or (a % 7 == b % 7 and a > b) end)
print(table.concat(squares, ","))
print(select("#", table.unpack({1, nil, 3}, 1, 3)), next({}), rawlen({1, 2}))

section("closures")
local function counter()
  local n = 0
  return function() n = n + 1; return n end
end
local one, two = counter(), counter()
print(one(), one(), two(), one())
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(22))
local function deep(n) if n == 0 then return "bottom" end return deep(n - 1) end
print(deep(1000000))

section("metatables")
local Vector = {}
Vector.__index = Vector
Vector.__add = function(a, b) return setmetatable({x = a.x + b.x}, Vector) end
Vector.__eq = function(a, b) return a.x == b.x end
Vector.__tostring = function(v) return "<" .. v.x .. ">" end
Vector.__call = function(v, by) return v.x * by end
Vector.__close = function(v) print("closed", tostring(v)) end
local a, b = setmetatable({x = 1}, Vector), setmetatable({x = 2}, Vector)
print(tostring(a + b), a + a == b, a(21))
do local scoped <close> = a end

section("goto and integer loops")
for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    io.write(i, ":", j, " ")
    ::continue::
  end
end
print()
for x = 1.0, 2.0, 0.25 do io.write(x, " ") end
print()

section("files")
local folder = arg[1]
if folder then
  local name = folder .. "/lua-out.txt"
  local file = assert(io.open(name, "w"))
  for i = 1, 100 do file:write(i, " ", i * i, "\n") end
  file:close()
  local sum, lines = 0, 0
  for line in io.lines(name) do
    lines = lines + 1
    sum = sum + tonumber(line:match("%d+ (%d+)"))
  end
  print(lines, sum)
  local again = io.open(name, "rb")
  again:seek("set", 10)
  print(again:read("l"), again:read("n", "n"), again:seek("end"))
  again:close()
  print(os.rename(name, folder .. "/lua-renamed.txt"))
  print(io.open(folder .. "/absent") == nil, os.remove(folder .. "/absent") == nil)
end

section("garbage")
local kept = setmetatable({}, {__mode = "k"})
for i = 1, 20000 do kept[{}] = i end
collectgarbage()
print(next(kept) == nil, collectgarbage("count") < 1000)
print(load("return 1 + 1")(), #string.dump(fib) > 0)
