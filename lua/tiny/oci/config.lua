-- Reads a bundle's configuration and checks all of it before anything is done.
local check = require "tiny.oci.check"

local config = {}

-- The largest configuration: far more than any engine writes.
local LONGEST = "16m"

local function decoded(path, text)
  local value, why = tiny.json_decode(text)
  if type(value) ~= "table" or #value > 0 then
    tiny.fail {
      message = ("%s: it is no JSON object: %s"):format(path, why or tiny.show(value):sub(1, 80)),
      hint = "`tinylua-oci spec` writes a valid one",
    }
  end
  return value
end

-- Reads a JSON file, or standard input for "-".
function config.read(path)
  local text, err
  if path == "-" then
    local parts, size = {}, 0
    local input <close> = tiny.stdio(0)
    for part in function() return input:read() end do
      table.insert(parts, part)
      size = size + #part
      if size > tiny.parse_size(LONGEST) then tiny.fail { message = ("standard input: it is longer than %s"):format(LONGEST) } end
    end
    text = table.concat(parts)
  else
    text, err = tiny.try(tiny.read_file, path, { max = LONGEST })
  end
  -- Not a file that never ends, or that nobody writes.
  if err then tiny.fail { message = ("%s: %s"):format(path, err.message), code = err.code } end
  if not text then
    tiny.fail { message = ("%s: no such file or directory"):format(path), hint = "--bundle names the directory that contains it" }
  end
  return decoded(path, text)
end

local function version(text)
  local major, minor = text:match("^(%d+)%.(%d+)%.%d+")
  if not major then check.wrong("ociVersion", ("%s is not a version such as 1.3.0"):format(tiny.show(text))) end
  if major ~= "1" then
    check.wrong("ociVersion", ("this runtime supports the versions 1.0.0 to %s, not %s"):format(tiny.settings.spec_version, tiny.show(text)))
  end
  return tonumber(minor)
end

local function check_namespaces(list)
  local seen = {}
  for i, space in ipairs(list) do
    local where = ("linux.namespaces[%d]"):format(i - 1)
    if seen[space.type] then check.wrong(where, ("there are two namespaces of the type %s"):format(space.type)) end
    seen[space.type] = space
    if space.path == "" then space.path = nil end
    if space.path and space.path:sub(1, 1) ~= "/" then check.wrong(where .. ".path", "it must be an absolute path") end
  end
  return seen
end

function config.check_process(process, where)
  if process.cwd:sub(1, 1) ~= "/" then
    check.wrong(where .. ".cwd", ("it must be an absolute path, not %s"):format(tiny.show(process.cwd)))
  end
  if not process.args or not process.args[1] then check.wrong(where .. ".args", "it is empty, so there is no program to run") end
  for i, text in ipairs(process.env or {}) do
    if not text:find("=", 2, true) then
      check.wrong(("%s.env[%d]"):format(where, i - 1), ("%s is not NAME=VALUE"):format(tiny.show(text)))
    end
  end
  require("tiny.oci.process").check(process, where)
  require("tiny.oci.refused").check_process(process, where)
end

local function check_hooks(all)
  for kind, list in pairs(all) do
    for i, hook in ipairs(list) do
      local where = ("hooks.%s[%d]"):format(kind, i - 1)
      if hook.path:sub(1, 1) ~= "/" then
        check.wrong(where .. ".path", ("it must be an absolute path, not %s"):format(tiny.show(hook.path)))
      end
      if hook.timeout and hook.timeout <= 0 then check.wrong(where .. ".timeout", "it must be greater than 0") end
    end
  end
end

-- Checks a whole configuration; adds `spaces`, its namespaces by type. options: strict; for_exec: only what later programs need.
function config.check(value, options)
  check.shape(value, "", require("tiny.oci.fields").config, options and options.strict)
  version(value.ociVersion)
  if not value.root then check.wrong("root", "it is missing") end
  value.linux = value.linux or {}
  value.mounts = value.mounts or {}
  value.spaces = check_namespaces(value.linux.namespaces or {})
  local spaces, linux = value.spaces, value.linux
  if not spaces.mount then
    check.wrong("linux.namespaces", "there is no mount namespace; the container's mounts would be the host's")
  end
  if value.hostname and not spaces.uts then check.wrong("hostname", "the container has no UTS namespace of its own") end
  if value.domainname and not spaces.uts then check.wrong("domainname", "the container has no UTS namespace of its own") end
  local maps = linux.uidMappings and #linux.uidMappings > 0
  if spaces.user and not spaces.user.path and not maps then check.wrong("linux.uidMappings", "a new user namespace needs id mappings") end
  if maps and not spaces.user then check.wrong("linux.uidMappings", "there is no user namespace among linux.namespaces") end
  if value.process then config.check_process(value.process, "process") end
  require("tiny.oci.userns").check(value)
  if value.hooks then check_hooks(value.hooks) end
  require("tiny.oci.mounts").check(value)
  require("tiny.oci.devices").check(linux.devices or {})
  require("tiny.oci.sysctls").check(value)
  require("tiny.oci.resources").check(linux.resources or {})
  if linux.intelRdt then require("tiny.oci.rdt").check(linux.intelRdt) end
  if linux.memoryPolicy then require("tiny.oci.memory_policy").check(linux.memoryPolicy) end
  require("tiny.oci.refused").check(value)
  return value
end

-- The configuration of a bundle; `file` replaces its config.json.
function config.of_bundle(bundle, file, options)
  local where = tiny.stat(bundle)
  if not where then tiny.fail { message = ("bundle %s: no such file or directory"):format(bundle) } end
  return config.check(config.read(file or bundle .. "/config.json"), options)
end

return config
