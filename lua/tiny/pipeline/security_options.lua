-- What loosens or tightens a container by name: --cap-add, --cap-drop, --security-opt, --group-add and
-- --sysctl, checked before anything acts and put in their final form.
local values = require "tiny.spec.values"

local options = {}

-- The settings that belong to a container's own IPC namespace; those of net belong to its network.
local SYSCTLS = {
  ["kernel.msgmax"] = true, ["kernel.msgmnb"] = true, ["kernel.msgmni"] = true, ["kernel.sem"] = true, ["kernel.shmall"] = true,
  ["kernel.shmmax"] = true, ["kernel.shmmni"] = true, ["kernel.shm_rmid_forced"] = true,
}

local function capability(key, text)
  if text:upper() == "ALL" then return "ALL" end
  local name, err = tiny.try(tiny.capability_name, text)
  return name or values.wrong(("%s: %s"):format(key, err.message))
end

local function capabilities(asked)
  local mine, dropped = {}, {}
  for _, name in ipairs(tiny.caps().bounding) do mine[name] = true end
  for _, key in ipairs { "cap_drop", "cap_add" } do
    local names = {}
    for i, text in ipairs(asked[key] or {}) do names[i] = capability(key, text) end
    for _, name in ipairs(names) do
      if key == "cap_drop" then dropped[name] = true
      elseif dropped[name] then values.wrong(("cap_add: %s is to be dropped as well"):format(name))
      elseif name ~= "ALL" and not mine[name] then
        values.wrong(("cap_add: this process does not have %s, and cannot hand it on"):format(name), "`tinylua doctor` shows what it has")
      end
    end
    if asked[key] then asked[key] = names end
  end
end

-- The profile in a file, as a table, or the default one; what is wrong with it is told.
function options.profile(path)
  if not path then return require "tiny.seccomp_default" end
  local text = tiny.read_file(path, { max = "1m" })
  if not text then values.wrong(("security_opt: seccomp: there is no file %s"):format(path)) end
  local value, wrong = tiny.json_decode(text)
  if type(value) ~= "table" then values.wrong(("security_opt: seccomp: %s is no JSON object: %s"):format(path, wrong or "it is " .. tiny.show(value))) end
  return value
end

local function compiled(path, caps)
  local filter, err = tiny.try(tiny.seccomp_compile, options.profile(path), { caps = caps })
  return filter or values.wrong(("security_opt: seccomp: %s: %s"):format(path, err.message))
end

-- The filter of a profile in a file. What a container started with stays in its folder: a program that
-- is run in it later gets the same, whatever the file says by then.
function options.filter(path, caps, dir, running)
  local kept = dir .. "/seccomp"
  if running then return tiny.read_file(kept) or tiny.fail("the container's system call filter is missing: " .. kept) end
  local filter = compiled(path, caps)
  tiny.write_file(kept, filter, { mode = tonumber("600", 8) })
  return filter
end

local function boolean(text, value)
  if value == "" or value == "true" then return true end
  if value == "false" then return false end
  values.wrong(("security_opt: %s: %s is not true or false"):format(tiny.show(text), tiny.show(value)))
end

-- What a list of security options says: seccomp ("unconfined" or a file's path) and no_new_privs.
function options.parse(list)
  local found = {}
  for _, text in ipairs(list) do
    local key, value = text:match("^([%w-]+)[=:]?(.*)$")
    if key == "seccomp" then
      if value == "" then values.wrong(("security_opt: %s names no profile"):format(tiny.show(text)), "a file, or unconfined") end
      found.seccomp = value ~= "default" and value or nil
    elseif key == "no-new-privileges" then found.no_new_privs = boolean(text, value)
    elseif key == "apparmor" or key == "label" then
      local none = key == "apparmor" and "unconfined" or "disable"
      if value ~= none then
        values.wrong(("security_opt: %s: labels of security modules are not supported"):format(tiny.show(text)), ("%s=%s is what holds"):format(key, none))
      end
    else
      local near = tiny.did_you_mean(key or text, { "seccomp", "no-new-privileges", "apparmor", "label" })
      values.wrong(("security_opt: there is no option %s"):format(tiny.show(key or text)) .. (near and ("; did you mean %q?"):format(near) or ""),
        "they are seccomp=FILE|unconfined, no-new-privileges[:false], apparmor=unconfined and label=disable")
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
  -- Only whether it is a profile at all: for which capabilities is not settled yet.
  if found.seccomp and found.seccomp ~= "unconfined" then compiled(found.seccomp, {}) end
end

-- "K=V" as key and value, of a setting that is the container's own.
local function sysctl(text, network)
  local key, value = text:match("^([%w_][%w_./-]*)=(.+)$")
  if not key or key:find("..", 1, true) then values.wrong(("sysctls: %s is not KEY=VALUE"):format(tiny.show(text)), "such as net.ipv4.ip_unprivileged_port_start=0") end
  local name = key:find(".", 1, true) and key or key:gsub("/", ".")
  local net = name:match("^net%.")
  if net and (network == "host" or network:find(":", 1, true)) then values.wrong(("sysctls: %s would not be the container's: it has no network of its own"):format(name)) end
  if not (net or SYSCTLS[name] or name:match("^fs%.mqueue%.[%w_]+$")) then
    values.wrong(("sysctls: %s belongs to the whole machine, not to a container"):format(name), "a container has its own net.*, fs.mqueue.* and kernel.msg*, sem, shm*")
  end
  return key, value
end

-- Sets them; called in the container's namespaces, while /proc is still the host's.
function options.set_sysctls(list, network)
  for _, text in ipairs(list) do tiny.sysctl(sysctl(text, network)) end
end

-- Both are loaded when the container's rights are gone: the kernel then asks for no_new_privs.
local function check_given_up(asked)
  local no_new_privs = asked.security_opt and options.parse(asked.security_opt).no_new_privs
  if no_new_privs == nil then no_new_privs = not asked.privileged end
  if not no_new_privs then
    values.wrong(("%s: it takes a container that gains no privileges"):format(asked.landlock and "landlock" or "seccomp"), "--security-opt no-new-privileges")
  end
end

-- What Landlock is to leave to it is checked as the primitive does it; what this kernel lacks is told.
local function check_landlock(asked)
  local wish = { check = true }
  for key, value in pairs(asked.landlock) do wish[key] = value end
  local told, err = tiny.try(tiny.landlock, wish)
  if not told then values.wrong("landlock: " .. err.message, err.hint) end
  if told.left_out[1] then
    require("tiny.format").note("landlock: this kernel does not restrict %s", table.concat(told.left_out, ", "))
  end
  if asked.landlock.check then values.wrong("landlock: check would restrict nothing") end
end

-- Checks all that is asked for.
function options.check(asked)
  if asked.cap_add or asked.cap_drop then capabilities(asked) end
  if asked.security_opt then check_options(asked) end
  if asked.landlock or asked.seccomp then check_given_up(asked) end
  if asked.landlock then check_landlock(asked) end
  if asked.seccomp then require("tiny.pipeline.seccomp_notify").check(asked) end
  if asked.devices then require("tiny.pipeline.devices").check(asked.devices) end
  for _, text in ipairs(asked.sysctls or {}) do sysctl(text, asked.network) end
  for _, text in ipairs(asked.group_add or {}) do
    if not text:match("^[%w_][%w_.-]*$") then values.wrong(("group_add: %s is not a group's name or number"):format(tiny.show(text))) end
  end
end

return options
