-- Hooks that fail, hang, are missing, print without end, end by a signal, or leave children behind: each failure names the hook, and
-- nothing is left of the container.
local check = require "check"
local hostile = require "oci_hostile"
local oci = require "oci_bundle"

local KINDS = { "prestart", "createRuntime", "createContainer", "startContainer" }

local function hook(script, more)
  local one = { path = "/bin/busybox", args = { "busybox", "sh", "-c", script }, env = { "PATH=/bin:/usr/bin" } }
  for key, value in pairs(more or {}) do one[key] = value end
  return one
end

-- A run with one hook of this kind that fails with these texts; returns the seconds that it took.
local function fails(kind, one, ...)
  local texts, took = { ("hook %s[1] %s"):format(kind, one.path), ... }, nil
  hostile.leaves_nothing(function()
    local path = oci.bundle("true", function(c) c.hooks = { [kind] = { hook "true", one } } end)
    local started = tiny.clock "monotonic"
    local result = oci.run { "run", "--bundle", path, "c" }
    took = tiny.clock "monotonic" - started
    assert(result.status ~= 0, kind .. ": did not fail")
    local sentence = hostile.sentence(result.err, kind)
    for _, text in ipairs(texts) do assert(sentence:find(text, 1, true), ("%s: got %q, want %q"):format(kind, sentence, text)) end
    assert(#sentence < 3000, kind .. ": the error is too long")
  end, kind .. " " .. table.concat(texts, ", "))
  return took
end

for _, kind in ipairs(KINDS) do
  fails(kind, hook "echo why >&2; exit 7", "exited with status 7", "why")
  fails(kind, { path = "/nothing/here" }, "No such file or directory")
  fails(kind, { path = "/etc" }, "ermission denied")
  fails(kind, hook "kill -9 $$", "killed by SIGKILL")
  local took = fails(kind, hook("echo before; sleep 100", { timeout = 1 }), "did not end within 1 s and was killed", "before")
  assert(took < 30, took)
  -- It, its children and a child in another process group of its session.
  took = fails(kind, hook("trap '' TERM; sleep 1000 & sleep 1000 & wait", { timeout = 1 }), "did not end within 1 s")
  assert(took < 30, took)
end
-- The end of what it prints is in the error, without control characters.
fails("prestart", hook "printf 'a\\033[2Jb\\nc\\n'; exit 1", "exited with status 1")
fails("createRuntime", hook "head -c 100000000 /dev/zero | tr '\\0' x; echo the end; exit 3", "exited with status 3", "the end")
fails("createRuntime", hook("yes", { timeout = 1 }), "did not end within 1 s")

-- A container whose hooks are strange, and succeed.
local function runs(about, kind, one, change)
  hostile.leaves_nothing(function()
    local path = oci.bundle("echo ran", function(c)
      c.hooks = { [kind] = { one } }
      if change then change(c) end
    end)
    local started = tiny.clock "monotonic"
    local result = oci.run { "run", "--bundle", path, "c" }
    check.equal(result.status, 0, about .. ": " .. result.err)
    check.equal(result.out, "ran\n", about)
    assert(tiny.clock "monotonic" - started < 30, about .. ": it takes too long")
  end, about)
end
for _, kind in ipairs { "prestart", "createContainer", "startContainer", "poststart", "poststop" } do
  runs(kind .. " writes 100 MB", kind, hook "head -c 100000000 /dev/zero")
  runs(kind .. " reads nothing", kind, hook "exec <&-; exit 0", function(c) c.annotations = { long = ("x"):rep(500000) } end)
  runs(kind .. " reads all", kind, hook "cat >/dev/null", function(c) c.annotations = { long = ("x"):rep(500000) } end)
  runs(kind .. " closes its output", kind, hook "exec >&- 2>&-; sleep 0.2")
end
-- A child that holds its output open is not waited for: it belongs to whoever wrote the hook.
local marker = "/tmp/hook-child"
hostile.leaves_nothing(function()
  local path = oci.bundle("echo ran", function(c) c.hooks = { prestart = { hook("sleep 60 & echo $! > " .. marker .. "; exit 0") } } end)
  local started = tiny.clock "monotonic"
  oci.succeeds { "run", "--bundle", path, "c" }
  assert(tiny.clock "monotonic" - started < 30, "a child of a hook is waited for")
  local child <close> = tiny.pidfd_open(math.tointeger(tonumber(tiny.read_file(marker):match "%d+")))
  if child then tiny.kill(child, "SIGKILL") end
end)

-- Those whose failure does not matter are reported, and the rest goes on.
for kind, words in pairs { poststart = { "start", "c" }, poststop = { "delete", "--force", "c" } } do
  hostile.leaves_nothing(function()
    local path = oci.bundle("sleep 1000", function(c) c.hooks = { [kind] = { hook "exit 9", { path = "/nothing" }, hook "echo x > /tmp/last" } } end)
    tiny.try(tiny.remove, "/tmp/last")
    oci.succeeds { "create", "--bundle", path, "c" }
    if kind == "poststop" then oci.succeeds { "start", "c" } end
    check.equal(oci.run(words).status, 0, kind)
    check.equal(tiny.read_file "/tmp/last", "x\n", kind)
    hostile.delete()
    tiny.try(tiny.remove, "/tmp/last")
  end, kind)
end
