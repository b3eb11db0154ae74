-- try: returns results unchanged, or nil and an error value with position and reason.
local check = require "check"

local a, b, c = tiny.try(function(...) return ... end, 1, nil, 3)
check.equal(a, 1)
check.equal(b, nil)
check.equal(c, 3)
check.equal(select("#", tiny.try(function() end)), 0)

local nothing, err = tiny.try(tiny.read_file, "/tmp")
check.equal(nothing, nil)
check.equal(err.op, "read_file")
check.equal(err.code, "EISDIR")
check.equal(err.errno, 21)
check.equal(err.path, "/tmp")
check.equal(err.args[1], '"/tmp"')
assert(err.at == nil or err.at:match("try.lua"), err.at)
check.equal(tostring(err):match("read_file.*$"), 'read_file("/tmp"): EISDIR: Is a directory: /tmp (it is not a regular file)\n  hint: it is a directory')

-- Any thrown value becomes an error value.
local _, plain = tiny.try(error, "text", 0)
check.equal(plain.message, "text")
local _, own = tiny.try(function() local x = nil; return x.y end)
assert(own.message:match("try.lua:%d+: attempt to index a nil value"), own.message)
assert(own.traceback:match("try.lua"), own.traceback)
local _, none = tiny.try(error)
check.equal(none.message, "an error without a message was thrown: nil")
local _, inner = tiny.try(function() tiny.try(error, "inner") error("outer", 0) end)
check.equal(inner.message, "outer")
local thrown = select(2, tiny.try(tiny.fail, "x"))
check.equal(select(2, tiny.try(error, thrown)), thrown, "the same value")
check.equal(select(2, tiny.try(nil)).message, "attempt to call a nil value")

-- Handles are closed before the error is returned.
local order = {}
tiny.try(function()
  local first <close> = setmetatable({}, { __close = function() table.insert(order, "closed") end })
  tiny.fail("x")
end)
table.insert(order, "caught")
check.equal(table.concat(order, " "), "closed caught")
