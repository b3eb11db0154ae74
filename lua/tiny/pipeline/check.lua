-- Checks a whole spec before anything is created, and converts it to its final form: host paths are absolute. Checking the
-- result again changes nothing.
local derived = require "tiny.spec.derived"
local values = require "tiny.spec.values"

local wrong = values.wrong

local function check_steps(asked)
  local steps = require "tiny.spec.steps"
  for _, field in ipairs { "before", "after", "steps" } do
    for name in pairs(asked[field] or {}) do
      local known = false
      for _, step in ipairs(steps) do known = known or step == name end
      if not known then wrong(("%s: unknown step %q"):format(field, name), "the steps are " .. table.concat(steps, ", ")) end
    end
  end
end

local function check_rootfs(path)
  local s = path ~= "" and tiny.stat(path)
  if not s and path == "" then wrong("the rootfs path is empty", "omit --rootfs for a throwaway view of the host") end
  if not s then wrong(("the rootfs %s does not exist"):format(path), "create it, or omit --rootfs for a throwaway view of the host") end
  if s.kind ~= "dir" then wrong(("the rootfs %s is a %s, not a directory"):format(path, s.kind), "unpack an archive or image first") end
  local host = tiny.stat("/")
  if s.dev == host.dev and s.ino == host.ino then
    wrong(("the rootfs %s is the host's root"):format(path), "omit --rootfs for a throwaway view of the host")
  end
end

-- The record is JSON, which can only hold UTF-8 text.
local function check_text(what, text)
  if not utf8.len(text) then wrong(("%s is not UTF-8: %s"):format(what, tiny.show(text)), "pass other bytes in a file, or encode them") end
end

-- Checks every string that the record stores.
local function check_texts(asked)
  for i, word in ipairs(asked.command) do check_text(("command: argument %d"):format(i), word) end
  for _, key in ipairs(derived.kept "config") do
    local value = key ~= "command" and asked[key]
    if type(value) == "string" then check_text(key, value) end
    for i, text in ipairs(type(value) == "table" and value or {}) do
      for part, item in pairs(type(text) == "table" and text or { text }) do
        if type(item) == "string" then check_text(("%s: %s"):format(key, type(part) == "string" and part or "number " .. i), item) end
      end
    end
  end
end

-- Converts maps and lists of "NAME=value" to the form that the rest of the library expects.
local function one_form(asked)
  for _, key in ipairs { "env", "labels", "annotations" } do
    local map = {}
    for name, value in pairs(values.map(key, asked[key]) or {}) do map[name] = type(value) == "number" and tostring(value) or value end
    asked[key] = asked[key] and map
  end
  for _, key in ipairs { "ulimits", "sysctls", "storage_opt" } do
    for name, value in pairs(asked[key] or {}) do
      if type(value) ~= "string" and math.type(value) ~= "integer" then wrong(("%s: %s is not a string or a number: %s"):format(key, name, tiny.show(value))) end
    end
    asked[key] = values.list(asked[key])
  end
end

-- Checks a map of strings, such as env and labels; `pattern` matches invalid names.
local function check_pairs(key, map, pattern, what)
  for name, value in pairs(map or {}) do
    if type(name) ~= "string" or name == "" or name:find(pattern) then wrong(("%s: %s is not %s"):format(key, tiny.show(name), what)) end
    if type(value) ~= "string" then wrong(("%s: %s is not a string: %s"):format(key, name, tiny.show(value))) end
    check_text(("%s: %s"):format(key, tiny.show(name)), name .. "=" .. value)
  end
end

local function words(command)
  return type(command) == "string" and { "/bin/sh", "-c", command } or command
end

-- Builds the whole command: the entrypoint with the command as its arguments.
local function join_command(asked)
  asked.command = words(asked.command) or {}
  -- An empty entrypoint removes the recipe's.
  if asked.entrypoint == "" then asked.entrypoint = nil end
  if asked.entrypoint then
    local first = type(asked.entrypoint) == "string" and { asked.entrypoint } or asked.entrypoint
    asked.command = table.move(asked.command, 1, #asked.command, #first + 1, table.move(first, 1, #first, 1, {}))
    asked.entrypoint = nil
  end
  if #asked.command == 0 or asked.command[1] == "" then wrong("no command given", "give a command: tinylua run CMD…") end
end

local function check_stop(asked)
  local number = asked.stop_signal and tiny.try(tiny.signal_number, asked.stop_signal)
  if asked.stop_signal and (not number or number == 0) then
    wrong(("stop_signal: unknown signal %s"):format(tiny.show(asked.stop_signal)), "use a name or number: SIGINT, term, 9, SIGRTMIN+3")
  end
  asked.stop_timeout = asked.stop_timeout and tiny.parse_duration(asked.stop_timeout)
end

-- Checks a whole spec before anything is created, and converts it to its final form.
return function(asked)
  if asked.image then require("tiny.images.apply").check(asked) end
  asked.health = asked.health or nil -- false: without the one of the image
  join_command(asked)
  one_form(asked)
  check_texts(asked)
  check_pairs("env", asked.env, "[=%z]", "a variable's name")
  check_pairs("labels", asked.labels, "[=%c]", "a label's name")
  check_pairs("annotations", asked.annotations, "[=%c]", "an annotation's name")
  if asked.rootfs then
    check_rootfs(asked.rootfs)
    asked.rootfs = values.absolute(asked.rootfs)
  end
  if asked.storage_opt then require("tiny.pipeline.storage_opt").check(asked) end
  if asked.view then require("tiny.pipeline.view_option").check(asked) end
  if asked.name then values.check_name(asked.name) end
  if asked.hostname and (#asked.hostname > 64 or not asked.hostname:match("^%w[%w._-]*$")) then
    wrong(("the hostname %q may contain only letters, digits, '.', '_' and '-', at most 64"):format(asked.hostname))
  end
  if asked.domainname and (#asked.domainname > 64 or not asked.domainname:match("^%w[%w._-]*$")) then
    wrong(("the domain name %q may contain only letters, digits, '.', '_' and '-', at most 64"):format(asked.domainname))
  end
  if asked.workdir and not asked.workdir:match("^/") then wrong(("the working directory %q does not begin with /"):format(asked.workdir)) end
  check_steps(asked)
  check_stop(asked)
  require("tiny.spec.restart").parse(asked.restart)
  local of_image = asked.from_image and asked.from_image.defaults.volumes
  if asked.volumes or asked.tmpfs or asked.mounts or asked.cow or of_image then require("tiny.pipeline.volumes").check(asked) end
  if asked.cow_on_exit then require("tiny.cow.folders").check_exit(asked) end
  if asked.shm_size then
    asked.shm_size = tiny.parse_size(asked.shm_size)
    -- For tmpfs, 0 means unlimited.
    if asked.shm_size == 0 then wrong("shm_size: the size must not be 0", "omit it for 64m") end
  end
  if asked.log then require("tiny.pipeline.logging").check(asked) end
  if asked.timeout or asked.cpu_time or asked.max_output then require("tiny.spec.run_bounds").check(asked) end
  if asked.ulimits then require("tiny.pipeline.ulimits").check(asked.ulimits) end
  require("tiny.pipeline.limits").check(asked)
  require("tiny.network").check(asked)
  -- Which sysctls are allowed depends on the network.
  if asked.cap_add or asked.cap_drop or asked.security_opt or asked.devices or asked.group_add or asked.sysctls
    or asked.landlock or asked.seccomp then
    require("tiny.pipeline.security_options").check(asked)
  end
  if asked.health then require("tiny.spec.health").check(asked) end
  -- A rootless container always has a user namespace.
  if asked.userns or require("tiny.base.rootless").is() then require("tiny.pipeline.userns").check(asked) end
  if asked.pid or asked.ipc or asked.uts or asked.cgroupns then require("tiny.pipeline.namespaces").check(asked) end
  if asked.pressure or asked.on_pressure then require("tiny.pipeline.pressure").check(asked) end
  return asked
end

