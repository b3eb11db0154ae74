-- Memory pressure: how this kernel measures it, and the check of the option `pressure`.
local pressure = {}

-- Pressure is measured in windows of this many seconds; shorter ones need privileges.
pressure.WINDOW = 2
local DEFAULT = 0.2

-- How this kernel measures pressure: "psi", "level" (only cgroup v1) or nil.
function pressure.meter()
  local cgroup = tiny.probe().cgroup
  if cgroup.pressure and cgroup.mode ~= "v1" then return "psi" end
  return cgroup.controllers.memory == "v1" and "level" or nil
end

-- Checks spec.pressure: the seconds of stall within a window from which on on_pressure is called.
function pressure.check(spec)
  if not spec.on_pressure then
    tiny.fail { message = "pressure: on_pressure is missing", hint = "set on_pressure = function(ctx) … end in the recipe", exit = 125 }
  end
  spec.pressure = tiny.parse_duration(spec.pressure or DEFAULT)
  if spec.pressure < 0.001 or spec.pressure > pressure.WINDOW then
    tiny.fail { message = ("pressure: %g seconds is not between 1ms and 2s"):format(spec.pressure), hint = "it is the time within two seconds that processes wait for memory", exit = 125 }
  end
  if pressure.meter() then return end
  tiny.fail { message = "on_pressure: this kernel does not measure memory pressure", hint = "boot with psi=1", exit = 125 }
end

return pressure
