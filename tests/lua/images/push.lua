-- push: all tags of a repository, the layers that are sent at once, their bars on a terminal, and what fails.
local check, web, layout = require "check", require "web", require "image_layout"

local server <close>, place = web.registry()
local name = place .. "/team/app"

-- Two images with one common layer, of which one is large enough that its upload can be watched.
layout.make("/tmp/a", { layers = { { ["etc/one"] = "one\n" }, { ["big"] = ("0123456789abcdef"):rep(4 << 20) } }, compress = { false, false }, config = { Cmd = { "true" } } })
layout.make("/tmp/b", { layers = { { ["etc/one"] = "one\n" }, { ["etc/two"] = "two\n" } }, compress = { false, false }, config = { Cmd = { "true" } } })
local function load(dir, tag)
  local full = check.succeeds("pull", "-q", "oci:" .. dir):match("[^\n]+")
  local id = tiny.json_decode(check.succeeds("image", "inspect", full))[1].id
  check.succeeds("tag", id, name .. ":" .. tag)
  check.succeeds("rmi", full)
  return tiny.json_decode(check.succeeds("image", "inspect", name .. ":" .. tag))[1]
end
local a, b = load("/tmp/a", "1"), load("/tmp/b", "2")
check.succeeds("tag", name .. ":2", name .. ":3")
check.succeeds("tag", name .. ":2", place .. "/other:4")

check.equal(tiny.json_decode(check.succeeds("image", "tree", "--format", "json", name .. ":1"))[1].layers[2].bytes, 64 << 20, "what unpacking has recorded")

-- On a terminal, a bar for each layer.
local person = require "person"("push", name .. ":1")
person:sees(("The push refers to repository %%[%s/team/app%%]"):format(place:gsub("%.", "%%.")))
person:sees(("%s: Pushing %%[=*>%%s*%%] [%%d.]+%%a?B/67.1MB"):format(a.layers[2].digest:sub(8, 19)))
person:sees(("%s: Pushed"):format(a.layers[2].digest:sub(8, 19)))
person:sees("1: digest: " .. a.manifest .. " size: %d+\r\n$")
check.equal(person:leaves(), 0)

-- All tags: what the registry has is not sent again.
local out = check.succeeds("push", "--all-tags", name)
local _, headings = out:gsub("The push refers to repository", "")
check.equal(headings, 1)
local digests = {}
for tag, digest in out:gmatch("(%d): digest: (%S+) size: %d+\n") do digests[tag] = digest end
check.equal(digests["1"], a.manifest)
check.equal(digests["2"], b.manifest)
check.equal(digests["3"], b.manifest)
check.equal(digests["4"], nil)
check.equal(select(2, out:gsub(": Pushed\n", "")), 2, "the second layer and configuration of one image")
check.equal(check.succeeds("push", "-qa", name), ("%s\n%s\n%s\n"):format(a.manifest, b.manifest, b.manifest))
check.equal(check.run({ "push", "-a", name .. ":1" }).status, 2)
check.refused(('no such image: "%s/none"\n  hint: `tinylua images` lists them'):format(place), "push", "-a", place .. "/none")

-- All tags come back.
local root = check.root
check.root = "/tmp/pulled"
check.equal(check.succeeds("pull", "-qa", name), ("%s:1\n%s:2\n%s:3\n"):format(name, name, name))
check.equal(#tiny.json_decode(check.succeeds("images", "--format", "json")), 3)
check.equal(check.run({ "pull", "-a", name .. ":1" }).status, 2)
check.equal(check.run({ "pull", "-a", place .. "/none" }).status, 125)
check.root = root

-- A registry that refuses an upload: the error is that of the registry.
local posts = 0
local bad <close> = web.serve(function(request)
  if request.method == "HEAD" then return web.reply(404) end
  if request.method == "POST" then return web.reply(202, { Location = "/v2/x/upload" }) end
  return web.reply(507, nil, '{"errors":[{"message":"quota exceeded"}]}')
end)
check.succeeds("tag", name .. ":2", bad.place .. "/full:1")
local failed = check.run { "push", bad.place .. "/full:1" }
check.equal(failed.status, 125)
assert(failed.err:find(("tinylua: %s/full:1: %s has a fault (507 ): quota exceeded"):format(bad.place, bad.place), 1, true), failed.err)
for _, request in ipairs(bad.requests()) do
  if request.method == "POST" then posts = posts + 1 end
  assert(not request.path:find "/manifests/", "a manifest without its layers")
end
assert(posts > 0)

-- One that closes the connection.
local rude <close> = web.serve(function(request)
  if request.method == "HEAD" then return web.reply(404) end
  return request.method == "POST" and web.reply(202, { Location = "/v2/x/upload" }) or nil
end)
check.succeeds("tag", name .. ":2", rude.place .. "/rude:1")
local cut = check.run { "push", rude.place .. "/rude:1" }
check.equal(cut.status, 125)
assert(cut.err:find "closed the connection: [^\n]*\n  hint: try again\n", cut.err)

-- What is freed: compressed and unpacked.
for _, ref in ipairs { name .. ":1", name .. ":2", name .. ":3", place .. "/other:4", bad.place .. "/full:1", rude.place .. "/rude:1" } do check.succeeds("rmi", "--no-prune", ref) end
check.equal(check.succeeds("image", "prune", "-f"):match("space: (%d+)"), "128")
