-- Checks and normalizes the security options: --cap-add, --cap-drop, --security-opt, --group-add and --sysctl.
local values = require "tiny.spec.values"

local options = {}

-- The sysctls of a container's own IPC namespace; those of net belong to its network namespace.
local SYSCTLS = {
  ["kernel.msgmax"] = true, ["kernel.msgmnb"] = true, ["kernel.msgmni"] = true, ["kernel.sem"] = true, ["kernel.shmall"] = true,
  ["kernel.shmmax"] = true, ["kernel.shmmni"] = true, ["kernel.shm_rmid_forced"] = true,
}

-- The full name of a capability.
local function capability(key, text)
  if text:upper() == "ALL" then return "ALL" end
  local name, err = tiny.try(tiny.capability_name, text)
  return name or values.wrong(("%s: %s"):format(key, err.message))
end

options.capability = capability

local function capabilities(asked)
  local mine, dropped = {}, {}
  for _, name in ipairs(tiny.caps().bounding) do mine[name] = true end
  for _, key in ipairs { "cap_drop", "cap_add" } do
    local names = {}
    for _, text in ipairs(asked[key] or {}) do
      for one in text:gmatch("[^,]+") do table.insert(names, capability(key, one)) end
    end
    for _, name in ipairs(names) do
      if key == "cap_drop" then dropped[name] = true
      elseif dropped[name] then values.wrong(("cap_add: %s is also in cap_drop"):format(name))
      elseif name ~= "ALL" and not mine[name] then
        values.wrong(("cap_add: this process does not have %s"):format(name), "`tinylua doctor` shows its capabilities")
      end
    end
    if asked[key] then asked[key] = names end
  end
end

-- The profile in a file as a table, or the default profile.
function options.profile(path)
  if not path then return require "tiny.seccomp_default" end
  local text = tiny.read_file(path, { max = "1m" })
  if not text then values.wrong(("security_opt: seccomp: no such file: %s"):format(path)) end
  local value, wrong = tiny.json_decode(text)
  if type(value) ~= "table" then values.wrong(("security_opt: seccomp: %s is not a JSON object: %s"):format(path, wrong or "it is " .. tiny.show(value))) end
  return value
end

local function compiled(path, caps)
  local filter, err = tiny.try(tiny.seccomp_compile, options.profile(path), { caps = caps })
  return filter or values.wrong(("security_opt: seccomp: %s: %s"):format(path, err.message))
end

-- The filter of a profile in a file. It is kept in the container's directory, so that a program that is run later gets the
-- same filter even if the file has changed.
function options.filter(path, caps, dir, running)
  local kept = dir .. "/seccomp"
  if running then return tiny.read_file(kept) or tiny.fail("the container's seccomp filter is missing: " .. kept) end
  local filter = compiled(path, caps)
  tiny.write_file(kept, filter, { mode = tonumber("600", 8) })
  return filter
end

local function boolean(text, value)
  if value == "" or value == "true" then return true end
  if value == "false" then return false end
  values.wrong(("security_opt: %s: %s is not true or false"):format(tiny.show(text), tiny.show(value)))
end

-- Parses a list of security options: seccomp ("unconfined" or a file's path) and no_new_privs.
function options.parse(list)
  local found = {}
  for _, text in ipairs(list) do
    local key, value = text:match("^([%w-]+)[=:]?(.*)$")
    if key == "seccomp" then
      if value == "" then values.wrong(("security_opt: %s: the profile is missing"):format(tiny.show(text)), "give a file, or unconfined") end
      found.seccomp = value ~= "default" and value or nil
    elseif key == "no-new-privileges" then found.no_new_privs = boolean(text, value)
    elseif key == "apparmor" or key == "label" then
      local none = key == "apparmor" and "unconfined" or "disable"
      if value ~= none then
        values.wrong(("security_opt: %s: labels of security modules are not supported"):format(tiny.show(text)), ("only %s=%s is accepted"):format(key, none))
      end
    else
      local near = tiny.did_you_mean(key or text, { "seccomp", "no-new-privileges", "apparmor", "label" })
      values.wrong(("security_opt: unknown option %s"):format(tiny.show(key or text)) .. (near and ("; did you mean %q?"):format(near) or ""),
        "the options are seccomp=FILE|unconfined, no-new-privileges[:false], apparmor=unconfined and label=disable")
    end
  end
  return found
end

local function check_options(asked)
  local final = {}
  for i, text in ipairs(asked.security_opt) do
    local path = text:match("^seccomp[=:](.+)$")
    if path and path ~= "unconfined" and path ~= "default" then text = "seccomp=" .. values.absolute(path) end
    final[i] = text
  end
  local found = options.parse(final)
  asked.security_opt = final
  -- Checks only that it is a valid profile; the capabilities are not known yet.
  if found.seccomp and found.seccomp ~= "unconfined" then compiled(found.seccomp, {}) end
end

-- Parses "K=V" and checks that the setting is namespaced.
local function sysctl(text, network)
  local key, value = text:match("^([%w_][%w_./-]*)=(.+)$")
  if not key or key:find("..", 1, true) then values.wrong(("sysctls: %s is not KEY=VALUE"):format(tiny.show(text)), "such as net.ipv4.ip_unprivileged_port_start=0") end
  local name = key:find(".", 1, true) and key or key:gsub("/", ".")
  local net = name:match("^net%.")
  if net and (network == "host" or network:find(":", 1, true)) then values.wrong(("sysctls: %s needs a network namespace of the container's own"):format(name)) end
  if not (net or SYSCTLS[name] or name:match("^fs%.mqueue%.[%w_]+$")) then
    values.wrong(("sysctls: %s applies to the whole machine, not to a container"):format(name), "a container may set net.*, fs.mqueue.* and kernel.msg*, sem, shm*")
  end
  return key, value
end

-- Applies the sysctls; called in the container's namespaces, while /proc is still the host's.
function options.set_sysctls(list, network)
  for _, text in ipairs(list) do tiny.sysctl(sysctl(text, network)) end
end

-- Both are loaded after privileges are dropped, when the kernel requires no_new_privs.
local function check_given_up(asked)
  local no_new_privs = asked.security_opt and options.parse(asked.security_opt).no_new_privs
  if no_new_privs == nil then no_new_privs = not asked.privileged end
  if not no_new_privs then
    values.wrong(("%s needs no_new_privs"):format(asked.landlock and "landlock" or "seccomp"), "use --security-opt no-new-privileges")
  end
end

-- Checks the Landlock options as the primitive does, and warns about what this kernel does not support.
local function check_landlock(asked)
  local rules = { check = true }
  for key, value in pairs(asked.landlock) do rules[key] = value end
  local result, err = tiny.try(tiny.landlock, rules)
  if not result then values.wrong("landlock: " .. err.message, err.hint) end
  if result.left_out[1] then
    require("tiny.format").note("landlock: this kernel does not restrict %s", table.concat(result.left_out, ", "))
  end
  if asked.landlock.check then values.wrong("landlock: the option check would restrict nothing") end
end

-- Checks all security options.
function options.check(asked)
  if asked.cap_add or asked.cap_drop then capabilities(asked) end
  if asked.security_opt then check_options(asked) end
  if asked.landlock or asked.seccomp then check_given_up(asked) end
  if asked.landlock then check_landlock(asked) end
  if asked.seccomp then require("tiny.pipeline.seccomp_notify").check(asked) end
  if asked.devices then require("tiny.pipeline.devices").check(asked.devices) end
  for _, text in ipairs(asked.sysctls or {}) do sysctl(text, asked.network) end
  for _, text in ipairs(asked.group_add or {}) do
    if not text:match("^[%w_][%w_.-]*$") then values.wrong(("group_add: %s is not a group name or number"):format(tiny.show(text))) end
  end
end

return options
