-- set_swap_limit: the limit is in addition to the memory limit on both v1 and v2.
local check = require "check"

local function body()
  local cg <close> = tiny.cgroup("tl-" .. tiny.random_id(), { controllers = { "memory" } })
  check.refuses('limit: expected size (bytes, or "128m") or "unlimited", got true', tiny.set_swap_limit, cg, true)
  local file = cg.version == "v2" and "memory.swap.max" or "memory.memsw.limit_in_bytes"
  if not tiny.try(tiny.cgroup_read, cg, file) then
    local err = check.fails("ENOENT", tiny.set_swap_limit, cg, "10m")
    assert(err.message:find("the kernel does not account swap", 1, true), err.message)
    return "the kernel does not account swap"
  end
  if cg.version ~= "v2" then
    local err = check.fails("EINVAL", tiny.set_swap_limit, cg, "10m")
    check.equal(err.hint, "call tiny.set_memory_limit first", "hint")
  end
  tiny.set_memory_limit(cg, "20m")
  tiny.set_swap_limit(cg, "10m")
  check.equal(cg:stats().swap_limit, 10 << 20, "swap_limit")
  for _, memory in ipairs { "80m", "5m" } do
    cg:set_memory_limit(memory)
    check.equal(cg:stats().swap_limit, 10 << 20, "swap_limit with " .. memory .. " of memory")
  end
  tiny.set_swap_limit(cg, 0)
  check.equal(cg:stats().swap_limit, 0, "swap_limit")
  cg:set_memory_limit("unlimited")
  check.equal(cg:stats().memory_limit, nil, "memory_limit")
end

local missing = body()
if missing then check.skip(missing) end
