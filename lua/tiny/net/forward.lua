-- Finds other programs' firewall rules that drop containers' packets. Our tables accept these packets, but a drop in any
-- other table, such as docker's, still takes effect. Reports such rules without changing them.
local forward = {}

local PURPOSE = "packets from and to containers"

-- The state of this host. chains is nil if this user may not read them.
function forward.look()
  local chains, err = tiny.try(tiny.nft_chains)
  -- A host without nftables has no rules.
  if err and err.code ~= "EPERM" then chains = {} end
  local docker = false
  for _, link in ipairs(tiny.links()) do docker = docker or link.name == "docker0" end
  local names = tiny.try(tiny.read_file, "/proc/net/ip_tables_names") or ""
  return { chains = chains, docker = docker, legacy = ("\n" .. names):find("\nfilter\n", 1, true) ~= nil }
end

local SEES = { ip = true, ip6 = true, inet = true, bridge = true }

local function drops(chain)
  return chain.hook == "forward" and chain.type == "filter" and chain.policy == "drop" and SEES[chain.family] and not chain.table:match("^tiny%-")
end

-- The command that accepts our bridges' packets. The tables of iptables(8) are recognized by their names; docker flushes
-- FORWARD but not DOCKER-USER.
local function remedy(chain, docker)
  local tool = ({ ip = "iptables", ip6 = "ip6tables" })[chain.family]
  if tool and chain.table == "filter" and chain.name == "FORWARD" then
    local place = docker and "DOCKER-USER" or "FORWARD"
    return ("%s -I %s -i td+ -j ACCEPT; %s -I %s -o td+ -j ACCEPT"):format(tool, place, tool, place)
  end
  local place = ("%s %s %s"):format(chain.family, chain.table, chain.name)
  return ('nft \'insert rule %s iifname "td*" accept; insert rule %s oifname "td*" accept\''):format(place, place)
end

-- The result for doctor.
function forward.judge(facts)
  local finding = { "forwarded packets", purpose = PURPOSE }
  local named, fixes = {}, {}
  for _, chain in ipairs(facts.chains or {}) do
    if drops(chain) then
      table.insert(named, ("chain %s of table %s %s"):format(chain.name, chain.family, chain.table))
      table.insert(fixes, remedy(chain, facts.docker))
    end
  end
  if #named > 0 then
    finding[2] = false
    finding.purpose = ("%s, which %s may drop"):format(PURPOSE, table.concat(named, " and "))
    finding.fix = table.concat(fixes, "; ")
  elseif facts.legacy then
    finding.purpose = PURPOSE .. ", which iptables-legacy may drop: see `iptables-legacy -S FORWARD`"
    finding.fix = "iptables-legacy -I FORWARD -i td+ -j ACCEPT; iptables-legacy -I FORWARD -o td+ -j ACCEPT"
  elseif not facts.chains then
    finding.purpose = PURPOSE .. ", which rules that only root can read may drop"
    finding.fix = "run tinylua doctor as root"
  else
    finding[2] = true
  end
  return finding
end

return forward
