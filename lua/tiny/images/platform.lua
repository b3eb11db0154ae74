-- Platforms: what this machine runs, and the best manifest of an index for it. The choice does not depend on the order of the
-- index.
local platform = {}

-- Names of architectures that others use, and docker's.
local ALIASES = {
  x86_64 = { "amd64" }, ["x86-64"] = { "amd64" }, aarch64 = { "arm64" }, armhf = { "arm", "v7" }, armel = { "arm", "v6" }, armv6l = { "arm", "v6" },
  armv7l = { "arm", "v7" }, armv8l = { "arm", "v8" }, i386 = { "386" }, i486 = { "386" }, i586 = { "386" }, i686 = { "386" },
}
-- The variant of an architecture that is the same as none.
local USUAL = { arm64 = "v8", amd64 = "v1", arm = "v7" }
-- The architecture whose programs an architecture also runs, with the best variant.
local ALSO = { amd64 = { "386" }, arm64 = { "arm", "v8" } }

local function normal(os, architecture, variant)
  local alias = ALIASES[architecture]
  if alias then architecture, variant = alias[1], variant or alias[2] end
  return { os = os, architecture = architecture, variant = variant ~= "" and variant or USUAL[architecture] }
end

-- The machine's own platform.
function platform.host()
  return normal("linux", tiny.probe().kernel.machine)
end

-- "linux/arm64", "linux/arm/v7" or "arm64" as { os, architecture, variant }.
function platform.parse(text)
  local parts = {}
  for part in (text .. "/"):gmatch("([^/]*)/") do
    if not part:find("^%w[%w_.-]*$") then parts = {} break end
    table.insert(parts, part:lower())
  end
  if #parts == 1 and parts[1] ~= "linux" then table.insert(parts, 1, "linux") end
  if #parts < 1 or #parts > 3 then
    tiny.fail { message = ("--platform: %s is not a platform"):format(tiny.show(text)), hint = "such as linux/amd64 or linux/arm/v7", exit = 125 }
  end
  if parts[1] ~= "linux" then
    tiny.fail { message = ("--platform: containers of %s do not run on Linux"):format(tiny.show(parts[1])), hint = "such as linux/amd64", exit = 125 }
  end
  if #parts == 1 then return platform.host() end
  return normal(table.unpack(parts))
end

-- The text of a platform, without its architecture's usual variant.
function platform.text(one)
  local text = ("%s/%s"):format(one.os or "?", one.architecture or "?")
  if one.variant and (one.architecture == "arm" or USUAL[one.architecture] ~= one.variant) then text = text .. "/" .. one.variant end
  return text
end

-- How well an offer fits a request: a greater number is better; nil if it does not. A lower variant runs on a higher one.
local function fit(offer, wanted)
  if offer.os ~= wanted.os or offer.architecture ~= wanted.architecture then return nil end
  if offer.variant == wanted.variant then return 1000 end
  local have, most = (offer.variant or ""):match("^v(%d%d?)$"), (wanted.variant or ""):match("^v(%d%d?)$")
  have, most = tonumber(have), tonumber(most)
  return have and most and have < most and have or nil
end

-- The manifest of an index that fits a platform best (as text or table; nil: the machine's, which may also run another
-- architecture's programs); nil if none fits. Second result: the platforms that the index has.
function platform.best(index, wanted)
  local exact = wanted ~= nil
  wanted = type(wanted) == "string" and platform.parse(wanted) or wanted or platform.host()
  local also = not exact and ALSO[wanted.architecture]
  local second = also and { os = wanted.os, architecture = also[1], variant = also[2] }
  local best, most, names, known = nil, nil, {}, {}
  for _, offer in ipairs(index.manifests) do
    local own = offer.platform or {}
    own = normal(own.os, own.architecture, own.variant)
    if not offer.attestation and own.os and own.os ~= "unknown" then
      local value = fit(own, wanted)
      value = value and value + 10000 or second and fit(own, second)
      -- Of equals, the digest decides.
      if value and (not most or value > most or value == most and offer.digest < best.digest) then best, most = offer, value end
      local text = platform.text(own)
      if not known[text] then known[text] = table.insert(names, text) or true end
    end
  end
  -- An image of one platform that does not say which.
  if not best and #names == 0 then
    for _, offer in ipairs(index.manifests) do
      if not offer.attestation and not offer.platform then
        if best then return nil, names end
        best = offer
      end
    end
  end
  table.sort(names)
  return best, names
end

return platform
