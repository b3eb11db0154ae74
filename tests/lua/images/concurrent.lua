-- Commands on the same images at the same time: pulls, pull and prune, run and rmi, load and commit and collections. Each succeeds, no
-- layer is fetched twice by pulls that run together, and nothing is left in the end.
local check, web, layout, checks = require "check", require "web", require "image_layout", require "image_store_checks"

local ROUNDS = 4
local server <close>, place = web.registry(nil, "info")
local app, other = place .. "/app:1", place .. "/other:1"
local base, config = layout.busybox(), { Cmd = { "true" }, Env = { "PATH=/bin" } }
local made = layout.make("/tmp/app", { layers = { base, { one = "1" }, { two = "2" } }, compress = { "gzip", "zstd", false }, config = config })
layout.upload("/tmp/app", made, app)
layout.upload("/tmp/other", layout.make("/tmp/other", { layers = { base, { three = "3" } }, compress = { "gzip", "gzip" }, config = config }), other)

-- Runs functions at the same time, and waits for them.
local function together(...)
  local children = {}
  for i, f in ipairs { ... } do
    children[i] = tiny.fork(function()
      f()
      return 0
    end)
  end
  for i, child in ipairs(children) do check.equal(child:wait(), 0, "number " .. i) end
end

local function command(...)
  local words = { ... }
  return function() check.succeeds(table.unpack(words)) end
end

-- The command again and again; `expected`: an error that the others may cause.
local function repeated(expected, ...)
  local words = { ... }
  return function()
    for _ = 1, ROUNDS do
      local result = check.run(words)
      if result.status ~= 0 and not (expected and result.err:find(expected, 1, true)) then error(("%s: status %s: %s"):format(table.concat(words, " "), result.status, result.err)) end
    end
  end
end

-- Whatever the order was, the store is whole, and nothing is left that no name needs.
local function check_store()
  local problems = {}
  checks.must(problems, "image", "verify")
  checks.must(problems, "gc")
  checks.surplus(problems)
  check.equal(table.concat(problems, "; "), "")
end

local function empty()
  for _, name in ipairs { app, other } do check.run { "rmi", "-f", name } end
  for _, id in ipairs(tiny.list_dir(check.root .. "/containers") or {}) do check.succeeds("rm", "-f", id) end
  check.succeeds "gc"
  check.equal(#tiny.list_dir(checks.images() .. "blobs/sha256"), 0)
end

-- Pulls of an image, and of another with the same base.
local all = made.layers[1].size + made.layers[2].size + made.layers[3].size
for _ = 1, ROUNDS do
  local before = layout.sent(made)
  together(command("pull", "-q", app), command("pull", "-q", app), command("pull", "-q", other))
  check.equal(layout.sent(made) - before, all, "each layer is fetched once")
  check_store()
  check.succeeds("run", "--rm", "--network", "none", app)
  empty()
end

-- A pull while others prune.
together(repeated(nil, "pull", "-q", app), repeated(nil, "pull", "-q", other), repeated(nil, "image", "prune", "-a", "-f"), repeated(nil, "gc"))
check_store()
empty()

-- A run, which pulls what it needs, while others remove the image and collect: each container has its files.
together(repeated(nil, "run", "--rm", "--network", "none", app, "cat", "/two"), repeated(nil, "run", "--rm", "--network", "none", app), repeated("no such image", "rmi", "-f", app), repeated(nil, "gc"))
check_store()
empty()
check.succeeds("run", "-d", "--name", "c", "--network", "none", app, "sleep", "1000")
together(repeated("no such image", "rmi", "-f", app), repeated(nil, "exec", "c", "cat", "/two"), repeated(nil, "image", "prune", "-a", "-f"))
check.succeeds("restart", "-t", "0", "c")
check.equal(check.succeeds("exec", "c", "cat", "/two"), "2")
empty()

-- Loads of an archive, commits of a container and collections.
check.succeeds("pull", "-q", app)
check.succeeds("save", "-o", "/tmp/saved.tar", app)
check.succeeds("run", "--name", "c", "--network", "none", app, "touch", "/new")
together(repeated(nil, "load", "-q", "-i", "/tmp/saved.tar"), repeated(nil, "load", "-q", "-i", "/tmp/saved.tar"), repeated(nil, "commit", "c", "made:1"),
  repeated("no such image", "rmi", "-f", "made:1"), repeated(nil, "gc"))
check_store()
check.run { "rmi", "made:1" }
empty()
