-- set_caps, capability_name: lowered capabilities cannot be regained, and a refused request changes nothing.
local check = require "check"

local function shown(name) return table.concat(tiny.caps()[name], " ") end

check.inside({ mount = true }, function()
  local two = { "net_raw", "CAP_CHOWN" }
  tiny.set_caps { bounding = { "CAP_CHOWN", "CAP_NET_RAW", "CAP_SETPCAP" }, permitted = { "CHOWN", "Net_Raw", "setpcap" },
    effective = two, inheritable = two, ambient = { "CAP_CHOWN" } }
  check.equal(shown "bounding", "CAP_CHOWN CAP_SETPCAP CAP_NET_RAW")
  check.equal(shown "permitted", "CAP_CHOWN CAP_SETPCAP CAP_NET_RAW")
  check.equal(shown "effective", "CAP_CHOWN CAP_NET_RAW")
  check.equal(shown "inheritable", "CAP_CHOWN CAP_NET_RAW")
  check.equal(shown "ambient", "CAP_CHOWN")
  -- The kernel confirms it.
  check.fails("EPERM", tiny.mount_tmpfs, "/mnt")
  check.fails("EPERM", tiny.sethostname, "x")

  -- A change that cannot be made completely is not made at all.
  local function refused(text, change)
    local err = check.fails("EPERM", tiny.set_caps, change)
    check.equal(err.message, "EPERM: Operation not permitted (" .. text .. ")")
    check.equal(shown "bounding", "CAP_CHOWN CAP_SETPCAP CAP_NET_RAW")
    check.equal(shown "ambient", "CAP_CHOWN")
  end
  refused("CAP_KILL is not in the bounding set and cannot be added to it", { bounding = { "kill" }, ambient = {} })
  refused("CAP_SYS_ADMIN is not permitted, and only execve(2) can add it", { permitted = { "sys_admin" }, ambient = {} })
  refused("CAP_CHOWN, CAP_NET_RAW cannot be effective without being permitted", { permitted = { "setpcap" }, ambient = {} })
  refused("CAP_SETPCAP cannot be ambient without being inheritable", { ambient = { "setpcap" } })
  refused("CAP_SETPCAP, CAP_NET_RAW cannot be ambient without being permitted", { permitted = { "chown" }, effective = {}, ambient = { "net_raw", "setpcap" } })
  refused("lowering the bounding set needs CAP_SETPCAP", { bounding = {} })

  -- The ambient set can be cleared while the others stay.
  tiny.clone({}, function()
    tiny.set_caps { ambient = {} }
    check.equal(shown "ambient", "")
    check.equal(shown "permitted" ~= "", true)
  end):wait()
  -- A set that is not named stays, and a capability that is no longer permitted is not ambient either.
  tiny.set_caps { effective = {} }
  check.equal(shown "permitted", "CAP_CHOWN CAP_SETPCAP CAP_NET_RAW")
  check.equal(shown "ambient", "CAP_CHOWN")
  tiny.set_caps { permitted = {} }
  check.equal(shown "ambient", "")
end)

-- They persist across an execve, and for another user whose permitted ones were kept.
local function of_program(how)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    how()
    tiny.exec { "grep", "^Cap", "/proc/self/status" }
  end)
  into:close()
  local text = from:read()
  child:wait()
  return text:match("CapInh:%s*(%x+).*CapPrm:%s*(%x+).*CapEff:%s*(%x+).*CapBnd:%s*(%x+).*CapAmb:%s*(%x+)")
end
local function all(list) return { effective = list, permitted = list, inheritable = {}, ambient = {} } end
local inh, prm, eff, bnd, amb = of_program(function()
  tiny.set_caps { bounding = { "CAP_CHOWN" } }
  tiny.set_caps(all { "CAP_CHOWN" })
end)
check.equal(table.concat({ inh, prm, eff, bnd, amb }, " "), ("0"):rep(16) .. (" " .. ("0"):rep(15) .. "1"):rep(3) .. " " .. ("0"):rep(16))
local _, _, kept = of_program(function()
  tiny.setuser(1234, { keep_caps = true })
  local raw = { "CAP_NET_RAW" }
  tiny.set_caps { permitted = raw, effective = raw, inheritable = raw, ambient = raw }
end)
check.equal(kept, "0000000000002000", "another user's, by the ambient set")
check.inside({}, function()
  tiny.setuser(1234)
  check.equal(shown "permitted", "", "without keep_caps")
end)

check.equal(tiny.capability_name("net_raw"), "CAP_NET_RAW")
check.equal(tiny.capability_name("CAP_bpf"), "CAP_BPF")
check.refuses('there is no capability "NET_RAWW"; did you mean "CAP_NET_RAW"?', tiny.capability_name, "NET_RAWW")
check.refuses('option "bounding": [2]: there is no capability "CAP_SYS_ADMNI"; did you mean "CAP_SYS_ADMIN"?',
  tiny.set_caps, { bounding = { "chown", "CAP_SYS_ADMNI" } })
check.refuses('unknown option "bound"; did you mean "bounding"?', tiny.set_caps, { bound = {} })
check.refuses('option "ambient": expected list of string, got the string "all"', tiny.set_caps, { ambient = "all" })
