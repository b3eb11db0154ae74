-- Reads and writes policy files. A policy is the confining part of a spec, as a Lua table. run --learn writes one; run
-- --policy reads one as data, and a recipe can require it.
local sorted_keys = require "tiny.base.sorted_keys"

local policy = {}

local KEYS = { cap_add = "strings", cap_drop = "strings", seccomp = "table", landlock = "table", egress = "rules" }

-- Always allowed: a program may need these to exit or to continue after a signal.
local ALWAYS = { "exit", "exit_group", "restart_syscall", "rt_sigreturn" }

-- More than MANY files of one directory are replaced by the directory. Subdirectories count only from DEEP levels below
-- the root.
local MANY, DEEP = 8, 3
local WIDTH = 120

local function quoted(list)
  local words = {}
  for i, word in ipairs(list) do words[i] = type(word) == "string" and ("%q"):format(word) or tostring(word) end
  return words
end

-- A list as Lua source, on several lines if it is long.
local function list_text(list, indent)
  local lines, line = {}, ""
  for _, word in ipairs(quoted(list)) do
    if #line + #word + #indent + 4 > WIDTH then table.insert(lines, line) line = "" end
    line = line .. (line == "" and "" or " ") .. word .. ","
  end
  if line ~= "" then table.insert(lines, line) end
  if #lines == 0 then return "{}" end
  if #lines == 1 then return "{ " .. lines[1]:sub(1, -2) .. " }" end
  return "{\n" .. indent .. "  " .. table.concat(lines, "\n" .. indent .. "  ") .. "\n" .. indent .. "}"
end

local function rights_text(rights)
  if rights.list and not (rights.r or rights.w or rights.x) then return '{ "read_dir" }' end
  return ('"%s%s%s"'):format((rights.r or rights.list) and "r" or "", rights.w and "w" or "", rights.x and "x" or "")
end

-- Replaces many read-only files by their directory, and omits paths that a parent directory already allows.
function policy.gather(paths)
  local counts, kept = {}, {}
  local function folder(path) return path:match("^(.+)/[^/]*$") end
  local function only_read(rights) return rights.r and not (rights.w or rights.x) end
  for path, rights in pairs(paths) do
    kept[path] = rights
    local above, direct = only_read(rights) and folder(path), true
    while above and (direct or select(2, above:gsub("/", "")) >= DEEP) do
      counts[above], direct = (counts[above] or 0) + 1, false
      above = folder(above)
    end
  end
  for above, count in pairs(counts) do
    if count > MANY then
      local rights = { r = true }
      for right in pairs(kept[above] or {}) do rights[right] = true end
      kept[above] = rights
    end
  end
  local function covered(path, right)
    local above = folder(path) or path ~= "/" and "/"
    while above do
      local rights = kept[above]
      if rights and (rights[right] or right == "list" and rights.r) then return true end
      above = folder(above) or above ~= "/" and "/"
    end
  end
  local needless = {}
  for path, rights in pairs(kept) do
    local needed = false
    for right in pairs(rights) do needed = needed or not covered(path, right) end
    if not needed then table.insert(needless, path) end
  end
  for _, path in ipairs(needless) do kept[path] = nil end
  return kept
end

local function paths_text(paths)
  local lines = {}
  local kept = policy.gather(paths)
  for _, path in ipairs(sorted_keys(kept)) do
    table.insert(lines, ("      [%q] = %s,\n"):format(path, rights_text(kept[path])))
  end
  return table.concat(lines)
end

local function capability_names(caps)
  local names = sorted_keys(caps)
  for i, name in ipairs(names) do names[i] = name:gsub("^CAP_", "") end
  return names
end

-- The keys that allow what was learned of system calls, files and ports.
local function confinement(learned)
  local allow = {}
  for name in pairs(learned.calls) do allow[name] = true end
  for _, name in ipairs(ALWAYS) do allow[name] = true end
  return table.concat {
    "  -- Inferred from the system calls and file modes: the kernel does not report which ones it checked.\n",
    '  cap_drop = { "ALL" },\n',
    ("  cap_add = %s,\n"):format(list_text(capability_names(learned.caps), "  ")),
    ("  seccomp = { allow = %s },\n"):format(list_text(sorted_keys(allow), "  ")),
    "  landlock = {\n    paths = {\n", paths_text(learned.paths), "    },\n",
    "    -- Includes UDP ports, which Landlock does not restrict.\n",
    ("    tcp_bind = %s,\n"):format(list_text(sorted_keys(learned.bind), "    ")),
    ("    tcp_connect = %s,\n"):format(list_text(sorted_keys(learned.connect), "    ")),
    "    strict = false,\n  },\n",
  }
end

-- The text of a policy file with what was learned: system calls and what goes with them (`calls`), connections (`egress`), or
-- both.
function policy.text(learned)
  local reported = { learned.calls and "system calls on standard error, or in supervisor.log", learned.egress and "connections by `network watch`" }
  return table.concat {
    ("-- Learned from one run (%s): %s\n"):format(tiny.timestamp():sub(1, 10), tiny.show(learned.command)),
    "-- Use it with `run --policy`, or copy its keys into a recipe's table. Another input may need more. What is denied is\n",
    ("-- reported: %s.\n"):format(table.concat(reported, "; ", learned.calls and 1 or 2, learned.egress and 2 or 1)),
    "return {\n",
    learned.calls and confinement(learned) or "",
    learned.egress and ("  egress = %s,\n"):format(list_text(learned.egress, "  ")) or "",
    "}\n",
  }
end

function policy.write(path, learned)
  learned.command = table.concat(learned.ctx.spec.command, " ")
  require("tiny.base.output_file").check(path, "learn")
  tiny.write_file(path, policy.text(learned))
end

-- The policy in a file, checked. It may come from an untrusted source, such as an image, so it is read as data and never
-- executed.
function policy.read(path)
  local function wrong(message, hint) tiny.fail { message = message, hint = hint, exit = 125 } end
  local text, err = require "tiny.base.text_file"(path, 1 << 20)
  if err then error(err, 0) end
  if not text then wrong(("--policy: no such file: %s"):format(tiny.show(path)), "create one with run --learn") end
  local made = require("tiny.base.literal").read(text, path)
  if type(made) ~= "table" then wrong(path .. ": not a policy", "a policy is a table, such as run --learn writes") end
  require("tiny.spec.schema").check(path, made, KEYS)
  if made.seccomp and made.seccomp.learn then wrong(path .. ": seccomp.learn is not allowed in a policy, because it writes a file", "use run --learn FILE") end
  return made
end

return policy
