-- dns_question: returns the question of a query; nil for anything that is not a query.
local check = require "check"

-- A query built by hand (RFC 1035): id, flags, counts, the labels of the name, type and class.
local function query(name, kind, flags, questions)
  local labels = name:gsub("[^.]+", function(label) return string.char(#label) .. label end):gsub("%.", "")
  return ("\x12\x34%s\0%s\0\0\0\0\0\0%s\0%s\0\x01"):format(flags or "\x01\0", string.char(questions or 1), labels, string.pack(">I2", kind))
end

local question = tiny.dns_question(query("Web.Example", 1))
check.equal(question.id, 0x1234)
check.equal(question.name, "web.example")
check.equal(question.type, "A")
check.equal(question.recursion, true)
check.equal(question.max, 512)
for kind, word in pairs { [28] = "AAAA", [12] = "PTR", [16] = "TXT", [33] = "SRV", [65] = "HTTPS", [255] = "ANY", [65280] = "TYPE65280" } do
  check.equal(tiny.dns_question(query("web", kind, "\0\0")).type, word)
end
check.equal(tiny.dns_question(query("web", 1, "\0\0")).recursion, false)
check.equal(tiny.dns_question(query("", 2)).name, "", "the root")
-- A dot inside a label does not split it.
check.equal(tiny.dns_question("\0\1\1\0\0\1\0\0\0\0\0\0\3a.b\1c\0\0\1\0\1").name, "a\\.b.c")
-- EDNS gives the maximum size that the sender accepts: 4096 bytes.
local edns = query("web", 1):gsub("^(..........)..", "%1\0\1") .. "\0\0\x29\x10\0\0\0\0\0\0\0"
check.equal(tiny.dns_question(edns).max, 4096)

for what, bytes in pairs {
  empty = "",
  text = "GET / HTTP/1.1\r\n\r\n",
  ["an answer"] = query("web", 1, "\x81\x80"),
  ["a notification"] = query("web", 1, "\x21\0"),
  ["no question"] = query("web", 1, nil, 0),
  ["two questions"] = query("web", 1, nil, 2),
  ["two questions in full"] = query("web", 1, nil, 2) .. "\3web\0\0\1\0\1",
  ["a cut name"] = query("web", 1):sub(1, 14),
  ["no class"] = query("web", 1):sub(1, -3),
  ["a name that points at itself"] = "\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1",
  ["a label too long"] = "\0\1\1\0\0\1\0\0\0\0\0\0\x7f" .. ("x"):rep(127) .. "\0\0\1\0\1",
  ["a name too long"] = "\0\1\1\0\0\1\0\0\0\0\0\0" .. ("\x3f" .. ("x"):rep(63)):rep(5) .. "\0\0\1\0\1",
} do
  check.equal(tiny.dns_question(bytes), nil, what)
end
check.refuses("query: expected string, got a table", tiny.dns_question, {})
