-- Merges the options of `run` and `create` into a recipe's spec.
local derived = require "tiny.spec.derived"
local pairs_of = require "tiny.spec.pairs"
local values = require "tiny.spec.values"

-- The swap limit, from docker's sum of memory and swap.
local function swap(total, memory)
  if not total then return nil end
  local function wrong(message, hint) tiny.fail { message = "--memory-swap: " .. message, hint = hint, exit = 125 } end
  if total == "-1" then return "unlimited" end
  local bytes, limit = tiny.parse_size(total), memory and tiny.parse_size(memory)
  if not bytes then wrong(("%s is not a size"):format(tiny.show(total)), "give the sum of memory and swap, such as 256m; -1 for no limit") end
  if not limit then wrong("it is the sum of memory and swap, and memory has no limit", "give --memory too") end
  if bytes < limit then wrong(("%d bytes is less than the memory limit of %d"):format(bytes, limit), "it is the sum of memory and swap") end
  return bytes - limit
end

local function put_over(map, changes)
  map = map or {}
  for key, value in pairs(changes) do map[key] = value end
  return map
end

-- Docker's log options, and the keys that they are here.
local LOG_OPTIONS = { ["max-size"] = "max_size", ["max-file"] = "max_files", mode = "on_full" }
local ON_FULL = { ["non-blocking"] = "drop", blocking = "wait" }

local function add_log_option(log, text)
  local name, value = text:match("^([%w-]+)=(.+)$")
  local key = LOG_OPTIONS[name]
  if not key then values.wrong(("--log-opt %s is not max-size=SIZE, max-file=N or mode=non-blocking|blocking"):format(tiny.show(text))) end
  if key == "on_full" then value = ON_FULL[value] elseif key == "max_files" then value = math.tointeger(tonumber(value)) end
  log[key] = value or values.wrong(("--log-opt %s has no valid value"):format(tiny.show(text)))
end

-- Returns the spec with the command line's options merged into it.
return function(spec, args)
  for _, merge in ipairs(derived.merges()) do
    local key, value, how = merge[1], args[merge[2]], merge[3]
    if how == "replace" then
      if value ~= nil then spec[key] = value end
    elseif #value > 0 then
      local list = values.list(spec[key]) or {}
      spec[key] = table.move(value, 1, #value, #list + 1, list)
    end
  end
  -- A container has one root.
  if args.image then spec.image, spec.rootfs, spec.view = args.image, args.rootfs, #args.view > 0 and spec.view or nil
  elseif args.rootfs or #args.view > 0 then spec.image = nil end
  if args.learn then spec.seccomp = put_over(spec.seccomp, { learn = args.learn }) end
  if args.policy then put_over(spec, require("tiny.spec.policy").read(args.policy)) end
  -- A recipe's networks are replaced, since they may not exist on this host.
  if #args.network > 0 then spec.network, spec.networks = args.network, nil end
  spec.swap = swap(args.memory_swap, spec.memory) or spec.swap
  if #args.env_file > 0 then spec.env = put_over(values.map("env", spec.env), pairs_of.environment_files(args.env_file)) end
  spec.env = put_over(values.map("env", spec.env), pairs_of.environment(args.env))
  local labels = pairs_of.labels(args.label, args.label_file)
  if labels then spec.labels = put_over(values.map("labels", spec.labels), labels) end
  if #args.annotation > 0 then spec.annotations = put_over(values.map("annotations", spec.annotations), pairs_of.annotations(args.annotation)) end
  if args.sig_proxy == false then values.wrong("--sig-proxy=false is not supported", "run the container with -d and use tinylua attach --no-stdin") end
  if args.health_cmd or args.health_interval or args.health_timeout or args.health_retries or args.health_start_period or args.health_start_interval then
    spec.health = require("tiny.spec.health").overlay(spec.health, args)
  end
  if args.usage then spec.usage = true end
  if args.no_healthcheck then spec.health = false end
  local log = { driver = args.log_driver, max_size = args.log_max_size, max_files = args.log_max_files, on_full = args.log_on_full,
    keep_free = args.log_keep_free }
  if log.driver == "json-file" then log.driver = "json" end
  for _, text in ipairs(args.log_opt) do add_log_option(log, text) end
  if next(log) then spec.log = put_over(spec.log, log) end
  return spec
end
