-- Helpers for hostile input to the OCI runtime: what a failure must look like, and what it must not leave.
local check = require "check"
local leftovers = require "leftovers"
local oci = require "oci_bundle"

local hostile = {}

-- Whether all of a test is asked for (tests/soak), and not only the share that CI takes.
hostile.whole = os.getenv "TINYLUA_TEST_WHOLE" ~= nil

-- What only an error of the runtime itself contains.
local OURS = { "%.lua:%d", "attempt to ", "traceback", "integer representation", "bad argument", "panicked", "table: 0x" }

-- Checks that an error is one sentence, and at most a hint.
function hostile.sentence(text, about)
  for _, pattern in ipairs(OURS) do
    if text:find(pattern) then error(("%s: an error of the runtime itself: %s"):format(about, text), 2) end
  end
  local first, rest = text:match("^tinylua%-oci: ([^\n]+)\n(.*)$")
  if not first then first, rest = text:match("^tinylua: ([^\n]+)\n(.*)$") end
  if not first then error(("%s: not one sentence: %q"):format(about, text), 2) end
  if rest ~= "" and not rest:match("^  hint: [^\n]+\n$") then error(("%s: more than a sentence and a hint: %q"):format(about, text), 2) end
  return first
end

-- Runs the runtime, which must fail with one sentence that contains all of `texts` (or one text).
function hostile.refused(texts, words, options)
  local result = oci.run(words, options)
  local about = table.concat(words, " ")
  if result.status == 0 then error(about .. ": did not fail", 2) end
  local sentence = hostile.sentence(result.err, about)
  for _, text in ipairs(type(texts) == "table" and texts or { texts }) do
    if not sentence:find(text, 1, true) then error(("%s: got %q, want %q"):format(about, sentence, text), 2) end
  end
  check.equal(result.out, "", about .. ": on standard output")
  return result
end

-- Calls f; afterwards the kernel and the state are as they were before: no process, mount, cgroup, link or file is left. The cgroup
-- that all containers of this runtime share may stay.
function hostile.leaves_nothing(f, about)
  local before = leftovers.look()
  f()
  leftovers.settle(before)
  local left = {}
  for _, what in ipairs(leftovers.beyond(before)) do
    if not what:match("^cgroup /.*/tinylua%-oci$") then table.insert(left, what) end
  end
  if #left > 0 then error(("%s: left: %s"):format(about or "it", table.concat(left, ", ")), 2) end
  local ids = tiny.list_dir(oci.root()) or {}
  if #ids > 0 then error(("%s: left below --root: %s"):format(about or "it", table.concat(ids, " ")), 2) end
end

-- Removes the cgroups above a container's own: the runtime leaves them, as all do.
function hostile.remove_parents(path)
  for _, mount in ipairs(tiny.mounts()) do
    local folder = mount.fstype:match("^cgroup2?$") and path:match("^/*(.*)/[^/]*$")
    while folder and folder ~= "" do
      tiny.try(tiny.remove, mount.target .. "/" .. folder)
      folder = folder:match("^(.*)/[^/]*$")
    end
  end
end

-- Deletes a container by force, which must succeed.
function hostile.delete(id) oci.succeeds { "delete", "--force", id or "c" } end

return hostile
