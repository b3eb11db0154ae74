-- expect(value): assertions for tests, such as expect(r.out):contains("hello"). A failed assertion ends the test and reports
-- the line in the test's file, the expected value and the actual one.
local format = require "tiny.format"

local Expect = {}
Expect.__index = Expect

local function fail(message) tiny.fail { at = tiny.caller(), message = message } end

local function same(a, b, seen)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  seen = seen or {}
  if seen[a] == b then return true end
  seen[a] = b
  for key, value in pairs(a) do
    if not same(value, b[key], seen) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

-- A value on several lines, one for each part, so that a diff shows which part differs.
local function spread(value, indent)
  if type(value) ~= "table" or next(value) == nil or getmetatable(value) then return format.pretty(value) end
  indent = (indent or "") .. "  "
  local keys, lines = {}, {}
  for key in pairs(value) do table.insert(keys, key) end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return type(a) < type(b)
  end)
  for _, key in ipairs(keys) do
    local name = type(key) == "string" and key:match("^[%a_][%w_]*$") or "[" .. format.pretty(key) .. "]"
    table.insert(lines, indent .. name .. " = " .. spread(value[key], indent) .. ",")
  end
  return "{\n" .. table.concat(lines, "\n") .. "\n" .. indent:sub(3) .. "}"
end

-- Strings are compared line by line, and whether the last line ends with a newline; other values as Lua source.
local function shown(value, other)
  if type(value) ~= "string" or type(other) ~= "string" then return spread(value) end
  local unended = value:sub(-1) ~= "\n" and other:sub(-1) == "\n"
  return (format.clean((value:gsub("\n", "\0"))):gsub("\\x00", "\n")) .. (unended and " (no newline at the end)" or "")
end

-- Asserts that the value equals `want`; tables are compared by content.
function Expect:equals(want)
  local got = self.value
  if same(got, want) then return self end
  local long = type(want) == "table" and type(got) == "table" or (type(want) == "string" and type(got) == "string" and (want .. got):find("\n", 1, true))
  if not long then fail(("expected %s, got %s"):format(format.pretty(want), format.pretty(got))) end
  fail("the values differ (- expected, + got):\n" .. require("tiny.base.diff").lines(shown(want, got), shown(got, want)))
end

-- Asserts that the value differs from this one.
function Expect:differs(from)
  if same(self.value, from) then fail("expected any value but " .. format.pretty(from)) end
  return self
end

local function within(value, part)
  if type(value) == "string" then return value:find(part, 1, true) ~= nil end
  for _, item in ipairs(type(value) == "table" and value or {}) do
    if same(item, part) then return true end
  end
  return false
end

-- Asserts that a string contains this substring, or a list this item.
function Expect:contains(part)
  if not within(self.value, part) then fail(("expected %s in %s"):format(format.pretty(part), format.pretty(self.value))) end
  return self
end

function Expect:lacks(part)
  if within(self.value, part) then fail(("expected no %s in %s"):format(format.pretty(part), format.pretty(self.value))) end
  return self
end

-- Asserts that a string matches this Lua pattern; returns the captures.
function Expect:matches(pattern)
  local found = table.pack(tostring(self.value):match(pattern))
  if found[1] == nil then fail(("expected a match of %s in %s"):format(format.pretty(pattern), format.pretty(self.value))) end
  return table.unpack(found, 1, found.n)
end

-- Comparisons of numbers or strings, by the words of their failures.
for name, how in pairs {
  less_than = { "less than", function(a, b) return a < b end }, at_most = { "at most", function(a, b) return a <= b end },
  greater_than = { "greater than", function(a, b) return a > b end }, at_least = { "at least", function(a, b) return a >= b end },
} do
  Expect[name] = function(self, limit)
    local comparable, holds = pcall(how[2], self.value, limit)
    if not (comparable and holds) then fail(("expected a value %s %s, got %s"):format(how[1], format.pretty(limit), format.pretty(self.value))) end
    return self
  end
end

-- Asserts that the function throws an error that contains this text; returns the error.
function Expect:fails(text)
  local _, err = tiny.try(self.value)
  if not err then fail("expected an error" .. (text and " with " .. format.pretty(text) or "") .. ", got none") end
  if text and not tostring(err):find(text, 1, true) then fail(("expected an error with %s, got %s"):format(format.pretty(text), format.pretty(tostring(err)))) end
  return err
end

-- The same under the name that other test libraries have.
Expect.throws = Expect.fails

-- Asserts the exit status of a `tinylua` run; the default is 0.
function Expect:ends(status)
  local r = self.value
  status = status or 0
  if type(r) ~= "table" or r.status == nil then fail("expected the result of a run, got " .. format.pretty(r)) end
  if r.status ~= status then
    fail(("expected status %s, got %s"):format(status, r.status) .. (r.err ~= "" and "\n" .. r.err:gsub("\n$", "") or ""))
  end
  return self
end

return function(value) return setmetatable({ value = value }, Expect) end
