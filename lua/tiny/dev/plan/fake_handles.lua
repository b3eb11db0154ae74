-- Fake handles for a plan: tables of the same kind and fields, whose methods are the fake primitives, and whose closing does
-- nothing. Directory handles record the host directory that they show, so that it can be read.
local fake_handles = {}

-- The methods of handles, by kind, and the primitive of each.
fake_handles.METHODS = {
  cgroup = { attach = "cgroup_attach", freeze = "freeze", kill = "cgroup_kill", notice = "cgroup_notice", read = "cgroup_read", set_cpu_limit = "set_cpu_limit",
    set_device_rules = "set_device_rules", set_memory_limit = "set_memory_limit", set_pids_limit = "set_pids_limit", set_swap_limit = "set_swap_limit",
    stats = "cgroup_stats", thaw = "thaw", write = "cgroup_write" },
  child = { kill = "kill", reap = "reap", wait = "wait", wait_ready = "wait_ready" },
  process = { exit = "process_exit", kill = "kill" },
  file = { read = "read", write = "write" },
  listener = { accept = "tcp_accept" },
  lock = { unlock = "unlock" },
  notice = { take = "take_notice" },
  pump = { drop = "pump_drop", finish = "pump_finish", move = "pump_move" },
  relay = { move = "relay_move" },
  signals = { next = "next_signal" },
  udp = { receive = "udp_receive", send = "udp_send" },
  watch = { changes = "changes" },
}

local metas = {}

local function meta_of(kind)
  if metas[kind] then return metas[kind] end
  local index = { close = function() end, keep = function(self) return self end }
  for name, primitive in pairs(fake_handles.METHODS[kind] or {}) do
    index[name] = function(...) return tiny[primitive](...) end
  end
  metas[kind] = { __index = index, __close = function() end, __name = kind, __tostring = function(self)
    local name = self.name or self.path or self.pid
    return ("<%s%s>"):format(kind, name and " " .. tostring(name) or "")
  end }
  return metas[kind]
end

-- A fake handle of a kind with these fields. Its owner is no process, so a real primitive would refuse it.
function fake_handles.new(kind, fields)
  local fake = fields or {}
  fake.kind, fake.owner, fake.fake = kind, -1, true
  return setmetatable(fake, meta_of(kind))
end

function fake_handles.is(value)
  return type(value) == "table" and rawget(value, "fake") == true
end

return fake_handles
