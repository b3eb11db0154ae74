-- Checks the egress options of a container before anything is created.
local wrong = require("tiny.spec.values").wrong

local ECH = { allow = true, refuse = true }

-- Why the rules cannot be enforced for this network, and what to do.
local function lack(spec)
  local mode = spec.network
  if mode == "host" then return "the host's network has no rules of a container", "use --network bridge" end
  if mode:match("^container:") then return "the container uses the network of another, whose rules apply", "give the rules to that container" end
  if mode:match("^ns:") then return "an existing network namespace may have links that tinylua does not know", "use --network bridge" end
  local served = mode == "pasta" or mode == "slirp4netns"
  for _, server in ipairs(served and spec.dns or {}) do
    if server:find("^127%.") or server == "::1" then return ("%s cannot ask the name server %s of the host"):format(mode, server), "omit --dns: the first one of /etc/resolv.conf may be there" end
  end
  local nothing = not spec.egress_ask and #spec.egress == 1 and spec.egress[1] == "none"
  if mode == "none" and not nothing then return "the container has no network", "add --network bridge" end
end

local function check_container(spec)
  local why, hint = lack(spec)
  if why then wrong("egress: " .. why, hint) end
  if spec.steps and spec.steps.network then wrong("egress: the recipe replaces the step network, which enforces the rules", "remove steps.network, or use before and after") end
  if spec.privileged then wrong("egress: a privileged container can leave its network", "use --cap-add instead of --privileged") end
  for _, request in ipairs(spec.networks or {}) do
    if request.router then wrong(("egress: a router sends from addresses that are not its own, so its rules cannot be enforced (network %s)"):format(request.name)) end
  end
end

-- on_connect and learning: nothing is allowed but what is asked about, which the rules limit if there are any.
local function check_ask(spec)
  if spec.egress_learn then
    if spec.on_connect then wrong("egress_learn cannot be combined with on_connect", "leave one of them out") end
    spec.egress_learn = require("tiny.spec.values").absolute(spec.egress_learn)
    require("tiny.base.output_file").check(spec.egress_learn, "egress_learn", "name a file for the policy")
  end
  spec.egress_ask = spec.egress_ask or spec.egress and "listed" or "all"
  spec.egress = spec.egress or { "none" }
end

return function(spec)
  if spec.on_connect or spec.egress_learn then check_ask(spec) end
  for _, key in ipairs { "egress_verify", "egress_ech" } do
    if spec[key] and not spec.egress then wrong(key .. ": the container has no egress rules", "add --egress RULE") end
  end
  if not spec.egress then return end
  if #spec.egress == 0 then wrong("egress: the list is empty", 'write { "none" } to allow nothing') end
  if spec.egress_verify and spec.egress_verify ~= "sni" then wrong(("egress_verify: %s is not a check"):format(tiny.show(spec.egress_verify)), 'the only check is "sni"') end
  if spec.egress_ech and not ECH[spec.egress_ech] then wrong(('egress_ech: %s is neither "allow" nor "refuse"'):format(tiny.show(spec.egress_ech))) end
  require("tiny.egress.keeper").policy(spec)
  check_container(spec)
end
