-- The interpreter at work: calls, tables, strings, closures, sorting; repetitions as argument.
local repetitions = tonumber(arg[1]) or 1

local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end

local function sieve(limit)
  local composite, count = {}, 0
  for i = 2, limit do
    if not composite[i] then
      count = count + 1
      for j = i * i, limit, i do composite[j] = true end
    end
  end
  return count
end

local function words(count)
  local state, seen, list = 42, {}, {}
  for _ = 1, count do
    state = (state * 1103515245 + 12345) % 2147483648
    local word = string.format("%x", state % 5000)
    if not seen[word] then list[#list + 1] = word end
    seen[word] = (seen[word] or 0) + 1
  end
  table.sort(list)
  local joined = table.concat(list, " ")
  return #joined, (select(2, joined:gsub("a%x", "")))
end

local function sorted(count)
  local values, state = {}, 7
  for i = 1, count do
    state = (state * 16807) % 2147483647
    values[i] = state
  end
  table.sort(values, function(a, b) return a > b end)
  return values[1], values[count // 2]
end

local Point = {}
Point.__index = Point
function Point.new(x, y) return setmetatable({x = x, y = y}, Point) end
function Point:add(other) return Point.new(self.x + other.x, self.y + other.y) end

local function objects(count)
  local sum, step = Point.new(0, 0), Point.new(1, 0.5)
  for _ = 1, count do sum = sum:add(step) end
  return sum.x, sum.y
end

local function matrix(size)
  local a, b = {}, {}
  for i = 1, size do
    a[i], b[i] = {}, {}
    for j = 1, size do a[i][j], b[i][j] = i + j, i - j end
  end
  local trace = 0
  for i = 1, size do
    for j = 1, size do
      local sum = 0
      for k = 1, size do sum = sum + a[i][k] * b[k][j] end
      if i == j then trace = trace + sum end
    end
  end
  return trace
end

for _ = 1, repetitions do
  print(fib(27), sieve(200000), words(60000))
  print(sorted(40000))
  print(objects(300000))
  print(matrix(90))
end
