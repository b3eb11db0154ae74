-- Memory pressure: how this kernel measures it, and the check of what is asked of it.
local pressure = {}

-- Pressure is counted in windows of this many seconds: shorter ones need a privilege.
pressure.WINDOW = 2
local DEFAULT = 0.2

-- How this kernel measures pressure: "psi", "level" (cgroup v1 alone) or nil.
function pressure.meter()
  local cgroup = tiny.probe().cgroup
  if cgroup.pressure and cgroup.mode ~= "v1" then return "psi" end
  return cgroup.controllers.memory == "v1" and "level" or nil
end

-- Checks spec.pressure, the seconds of stall in a window of two from which on_pressure is called.
function pressure.check(spec)
  if not spec.on_pressure then
    tiny.fail { message = "pressure: there is no on_pressure to call", hint = "on_pressure = function(ctx) … end in the recipe", exit = 125 }
  end
  spec.pressure = tiny.parse_duration(spec.pressure or DEFAULT)
  if spec.pressure < 0.001 or spec.pressure > pressure.WINDOW then
    tiny.fail { message = ("pressure: %g seconds are not from 1ms to 2s"):format(spec.pressure), hint = "it is how long in two seconds processes wait for memory", exit = 125 }
  end
  if pressure.meter() then return end
  tiny.fail { message = "on_pressure: this kernel does not measure memory pressure", hint = "boot with psi=1", exit = 125 }
end

return pressure
