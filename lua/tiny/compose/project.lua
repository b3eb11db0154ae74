-- Brings a topology up on this host, changing only what differs, and takes it down. Labels and the networks' names identify
-- what belongs to it.
local format = require "tiny.format"
local sorted_keys = require "tiny.base.sorted_keys"
local state = require "tiny.state"
local topology = require "tiny.topology"

local project = {}

local function say(kind, name, what)
  format.line(("%-9s  %-24s  %s"):format(kind, name, what))
end

-- Reads and checks the topology in a file.
function project.read(path, words)
  local chunk, text = tiny.try(tiny.load_recipe, path)
  if not chunk then
    -- The error is in the name that the user typed, not in a line of the library.
    text.at = nil
    error(text, 0)
  end
  local made = (chunk(words or {}))
  if not topology.is(made) then
    tiny.fail { at = path, message = "the recipe does not return a topology", hint = 'return require("tiny.topology").new { containers = { … } }', exit = 125 }
  end
  for _, asked in pairs(type(made.asked.containers) == "table" and made.asked.containers or {}) do
    if type(asked) == "table" then require("tiny.spec.recipe_paths").resolve(asked, path, made.asked.volumes) end
  end
  local name = path:match("([^/]+)%.lua$") or path
  local _, err = tiny.try(topology.resolve, made, (name:gsub("[^%w_.-]", "-"):gsub("^[^%w]+", "")))
  if err then
    -- `return topology.new { … }` is a tail call, which leaves no frame.
    err.at = made.where or path
    error(err, 0)
  end
  made.path, made.text, made.words = path, text, words or {}
  return made
end

-- The recorded containers of a project, by name.
local function present(name)
  local found = {}
  for _, container in ipairs(state.list()) do
    if (container.config.labels or {})["tinylua.project"] == name then found[container.config.name] = container end
  end
  return found
end
project.present = present

-- The project that an argument names: a file, or a name.
function project.name_of(word)
  return word:match("%.lua$") and project.read(word).name or word
end

local function same_network(there, asked)
  for _, key in ipairs { "subnet", "gateway", "subnet6", "gateway6", "mtu" } do
    if asked[key] and asked[key] ~= there[key] then return false end
  end
  return (there.internal or false) == (asked.internal or false) and (there.isolate ~= false) == (asked.isolate ~= false) and (not asked.ipv6 or there.subnet6 ~= nil)
end

-- Creates missing networks; changed ones are removed, with their containers, and created again.
local function bring_networks(self)
  local store, changed = require "tiny.net.store", {}
  for _, name in ipairs(sorted_keys(self.networks)) do
    local network = self.networks[name]
    local there = store.load(network.full)
    if there and not same_network(there, network.asked) then
      require "tiny.client.network_remove"(network.full, true)
      changed[network.full], there = true, nil
    end
    if not there then
      local asked = { name = network.full, labels = { ["tinylua.project"] = self.name } }
      for key, value in pairs(network.asked) do asked[key] = value end
      say("network", network.full, "made, " .. store.create(asked).subnet)
    end
  end
  return changed
end

-- Creates missing volumes, once those exist that must. Existing ones are never changed.
local function bring_volumes(self)
  local store = next(self.volumes) and require "tiny.store.volumes"
  for name, volume in pairs(self.volumes) do
    if volume.external and not store.load(volume.full) then
      tiny.fail {
        at = self.where or self.path, message = ("volumes: %s: the external volume %s does not exist"):format(name, volume.full), exit = 125,
        hint = "tinylua volume create " .. volume.full,
      }
    end
  end
  for _, name in ipairs(sorted_keys(self.volumes)) do
    local volume = self.volumes[name]
    local made = not volume.external and store.create(volume.full, { labels = volume.labels })
    if made then say("volume", volume.full, "made") end
  end
end

local function on_changed(one, changed)
  for _, request in ipairs(one.spec.network) do
    if type(request) == "table" and changed[request.name] then return true end
  end
end

local function wait_ready(one)
  require "tiny.compose.readiness"(state.find(one.name).id, one.name, one.ready, one.patience)
  return 0
end

-- Waits in a process of its own for a container that runs already.
local function await(one)
  return tiny.fork(function() return wait_ready(one) end)
end

-- Starts a container in its own process, so that several start at once.
local function launch(self, one)
  return tiny.fork(function()
    require("tiny.client.run").run(one.spec, {
      detach = true, silent = true, where = self.where, earlier = one.earlier, recipe = { path = self.path, args = self.words, text = self.text, part = one.name, project = self.name },
    })
    return wait_ready(one)
  end)
end

-- Removes a container that another one replaces, which takes over its anonymous volumes unless they are renewed.
local function replace(container, one, renew)
  local volumes = require "tiny.store.volumes"
  if not renew then volumes.bequeath(container.config.mounts, one.name) end
  require "tiny.client.remove"(container, { force = true, volumes = renew })
end

-- The volumes of a predecessor, which an earlier `up` may have removed before it was killed.
local function inherit(one, renew)
  local volumes = require "tiny.store.volumes"
  one.earlier = volumes.inherited(one.name)
  if not renew then return end
  for _, mount in ipairs(one.earlier or {}) do volumes.remove(mount.source) end
  one.earlier = nil
end

local function begun(one, there, renew)
  if there and not renew and there.config.labels["tinylua.hash"] == one.hash and state.busy(there) then return true end
  if there then replace(there, one, renew) end
  return false
end

-- Starts all missing containers, in parallel if possible, each when its dependencies are ready.
local function bring_containers(self, there, renew)
  local waiting, running, done, failed = {}, {}, {}, nil
  for _, one in ipairs(self.instances) do table.insert(waiting, one) end
  local left = {}
  for _, one in ipairs(self.instances) do left[one.service] = (left[one.service] or 0) + 1 end
  local function finish(one)
    left[one.service] = left[one.service] - 1
    done[one.service] = left[one.service] == 0
  end
  local function can_start(one)
    for _, need in ipairs(one.needs) do
      if left[need] and not done[need] then return false end
    end
    return true
  end
  while #waiting > 0 or next(running) do
    for i = #waiting, 1, -1 do
      local one = waiting[i]
      if not failed and can_start(one) then
        table.remove(waiting, i)
        one.there = begun(one, there[one.name], renew)
        if one.there and one.ready == nil then
          say("container", one.name, "is up to date")
          finish(one)
        elseif one.there then
          -- An earlier `up` may have given up waiting for it.
          running[await(one)] = one
        else
          say("container", one.name, "starting")
          inherit(one, renew)
          one.began = tiny.clock("monotonic")
          running[launch(self, one)] = one
        end
      end
    end
    if failed and not next(running) then break end
    local handles = {}
    for child in pairs(running) do table.insert(handles, child) end
    for _, child in ipairs(#handles > 0 and tiny.poll(handles) or {}) do
      local one = running[child]
      running[child] = nil
      local status, err = tiny.try(child.wait, child)
      if status == 0 then
        say("container", one.name, one.there and "is up to date" or ("%s after %.2f s"):format(one.ready and "ready" or "started", tiny.clock("monotonic") - one.began))
        finish(one)
      else
        failed = failed or err or { message = ("%s could not be started"):format(one.name), exit = 125 }
      end
    end
  end
  if failed then error(failed, 0) end
end

-- Removes what belongs to the project but is no longer described, or described differently.
local function drop_others(self, there, changed, renew)
  local wanted = {}
  for _, one in ipairs(self.instances) do wanted[one.name] = one end
  for name, container in pairs(there) do
    if not wanted[name] or on_changed(wanted[name], changed) then
      if wanted[name] then replace(container, wanted[name], renew) else require "tiny.client.remove"(container, { force = true }) end
      there[name] = nil
      say("container", name, wanted[name] and "removed: its network changed" or "removed: no longer in the topology")
    end
  end
end

-- Creates and starts what is missing, and replaces what has changed. options.renew: every container, with new anonymous volumes.
function project.up(path, words, options)
  local self, renew = project.read(path, words), options and options.renew
  local there = present(self.name)
  bring_volumes(self)
  drop_others(self, there, bring_networks(self), renew)
  bring_containers(self, there, renew)
end

-- The order in which containers are stopped: dependencies last.
local function order(self, there)
  local rank = {}
  local function depth(service)
    if rank[service] then return rank[service] end
    rank[service] = 0
    local asked = self and self.asked.containers[service]
    for _, need in ipairs(asked and asked.needs or {}) do rank[service] = math.max(rank[service], depth(need) + 1) end
    return rank[service]
  end
  local groups = {}
  for _, container in pairs(there) do
    local n = depth((container.config.labels or {})["tinylua.service"] or "")
    groups[n] = groups[n] or {}
    table.insert(groups[n], container)
  end
  return groups
end

-- Stops and removes a group of containers in parallel.
local function end_group(group, seconds, volumes)
  local children, status = {}, 0
  for i, container in ipairs(group) do
    children[i] = tiny.fork(function()
      require "tiny.client.stop"(container, seconds)
      local now = state.load(container.id)
      if now then require "tiny.client.remove"(now, { force = true, volumes = volumes }) end
      return 0
    end)
  end
  for i, child in ipairs(children) do
    local done, err = tiny.try(child.wait, child)
    if done == 0 then say("container", group[i].config.name, "removed") end
    if err then format.error(err) end
    status = done == 0 and status or 125
  end
  return status
end

-- Takes a project down: its containers, its networks and, with `volumes`, its volumes. self: the topology, or nil if only
-- the name is known.
function project.down(name, self, options)
  local there = present(name)
  local groups, status, known = order(self, there), 0, self ~= nil or next(there) ~= nil
  local ranks = {}
  for n in pairs(groups) do table.insert(ranks, n) end
  table.sort(ranks, function(a, b) return a > b end)
  for _, n in ipairs(ranks) do status = math.max(status, end_group(groups[n], options.time, options.volumes)) end
  for _, network in ipairs(require("tiny.net.store").list()) do
    if (network.labels or {})["tinylua.project"] == name then
      known = true
      local _, err = tiny.try(require "tiny.client.network_remove", network.name)
      if err then format.error(err) status = 125 else say("network", network.name, "removed") end
    end
  end
  for _, volume in ipairs(tiny.stat(state.roots() .. "/volumes") and require("tiny.store.volumes").list() or {}) do
    if (volume.labels or {})["tinylua.project"] == name then
      known = true
      local _, err = tiny.try(function() return options.volumes and require("tiny.store.volumes").remove(volume.name) end)
      if err then format.error(err) status = 125
      else say("volume", volume.name, options.volumes and "removed" or "kept; use --volumes to remove it") end
    end
  end
  if not known then tiny.fail { message = ("no such project: %q"):format(name), hint = "give its file, or look at the labels in `tinylua ps -a --format json`", exit = 125 } end
  return status
end

-- Follows the logs of all containers of a project, each line with its container's name.
function project.logs(name, options, follow)
  local children, colours = {}, { "cyan", "yellow", "green", "red" }
  local names = sorted_keys(present(name))
  local widest = 0
  for _, one in ipairs(names) do widest = math.max(widest, #one) end
  for i, one in ipairs(names) do
    children[i] = tiny.fork(function()
      options.prefix = format.colour(colours[(i - 1) % #colours + 1], one .. (" "):rep(widest - #one) .. " | ")
      require("tiny.client.logs").of(state.find(one), options, follow)
      return 0
    end)
  end
  for _, child in ipairs(children) do tiny.try(child.wait, child) end
end

return project
