-- The names of images, as docker and podman write them: [REGISTRY/]REPOSITORY[:TAG][@DIGEST], or TRANSPORT:PATH. The grammar
-- is that of the distribution project's reference package.
local reference = {}

local HUB = "docker.io"
-- The places of an image other than a registry, and what follows their colon.
reference.TRANSPORTS = {
  oci = "DIRECTORY[:TAG]", ["oci-archive"] = "FILE[:TAG]", ["docker-archive"] = "FILE[:NAME]", dir = "DIRECTORY",
}
-- A ref is a file name in the store, and NAME_MAX is 255.
local LONGEST = 250

local function wrong(text, why, hint)
  tiny.fail { message = ("%s is not an image name: %s"):format(tiny.show(text), why), hint = hint or "such as debian:12 or ghcr.io/owner/name:tag", exit = 125 }
end

-- Whether the text is "sha256:" and 64 lower-case hexadecimal digits, the only form in which a digest becomes a file name.
function reference.is_digest(text)
  return type(text) == "string" and #text == 71 and text:find("^sha256:[0-9a-f]+$") ~= nil
end

-- The first part of a name is a registry if it could not be a part of a repository's: it has a dot or a port, or is localhost.
local function is_registry(part)
  return part:find("[.:]") ~= nil or part == "localhost" or part:find("%u") ~= nil
end

local function check_registry(text, registry)
  local host, port = registry:match("^(%[[%x:.]+%])(.*)$")
  if not host then host, port = registry:match("^([^:]*)(.*)$") end
  if host == "" then wrong(text, "the registry has no host") end
  if host:sub(1, 1) ~= "[" then
    for label in (host .. "."):gmatch("([^.]*)%.") do
      if not label:find("^%w[%w-]*$") or label:find("%-$") then wrong(text, ("%s is not a host"):format(tiny.show(host))) end
    end
  end
  local number = port ~= "" and port:match("^:(%d+)$")
  if port ~= "" and not (number and #number <= 5 and tonumber(number) > 0 and tonumber(number) < 65536) then
    wrong(text, ("%s is not a port"):format(tiny.show((port:gsub("^:", "")))))
  end
end

local function check_repository(text, repository)
  if repository == "" then wrong(text, "it has no repository") end
  for part in (repository .. "/"):gmatch("([^/]*)/") do
    local rest = part
    -- Words of lower-case letters and digits, joined by ".", "_", "__" or hyphens.
    repeat
      local word, separator, more = rest:match("^([%l%d]+)([._-]*)(.*)$")
      local fits = word and (separator == "" and more == "" or more ~= "" and (separator:find("^%-+$") or separator:find("^[._]$") or separator == "__"))
      if not fits then
        local upper = part:find("%u") and "repositories are written in lower case"
        wrong(text, upper or ("%s is not a part of a repository's name"):format(tiny.show(part)))
      end
      rest = more
    until rest == ""
  end
end

local function of_transport(text)
  local transport, rest = text:match("^([%l-]+):(.*)$")
  if not transport or not reference.TRANSPORTS[transport] then return nil end
  -- debian:12 and oci:latest look alike; a place is a path.
  if rest == "" then wrong(text, ("%s: needs a path"):format(transport), ("%s:%s"):format(transport, reference.TRANSPORTS[transport])) end
  local path, name = rest, nil
  if transport ~= "dir" then
    -- A tag follows the last colon, and has no slash; a docker archive's name may have both.
    local before, after = rest:match("^(.-):(.+)$")
    if before and before ~= "" and (transport == "docker-archive" or not after:find("/", 1, true)) then path, name = before, after end
  end
  return { transport = transport, path = path, name = name }
end

-- The parts of a name: registry, repository, tag, digest, and short if it names no registry; or transport, path, name.
function reference.parse(text)
  if type(text) ~= "string" or text == "" then wrong(text, "it is empty") end
  local other = of_transport(text)
  if other then return other end
  -- An image without a name, as the store has it.
  local nameless = text:match("^<none>@(.*)$")
  if reference.is_digest(nameless) then return { registry = "", repository = "<none>", digest = nameless } end
  local rest, digest = text:match("^([^@]*)@(.*)$")
  if digest and not reference.is_digest(digest) then
    wrong(text, ("%s is not a digest"):format(tiny.show(digest)), "a digest is sha256: and 64 lower-case hexadecimal digits")
  end
  rest = rest or text
  local scheme = rest:match("^(%a+)://")
  if scheme then wrong(text, ("leave out %s://"):format(scheme)) end
  -- The tag follows the last colon, unless a slash comes after it: then it is a registry's port.
  local name, tag = rest:match("^(.*):([^/:]*)$")
  if tag and not tag:find("^[%w_][%w_.-]*$") then wrong(text, ("%s is not a tag"):format(tiny.show(tag))) end
  if tag and #tag > 128 then wrong(text, "its tag is longer than 128 characters") end
  name = name or rest
  local registry, repository = name:match("^([^/]+)/(.+)$")
  if not registry or not is_registry(registry) then registry, repository = nil, name end
  if registry then check_registry(text, registry) end
  check_repository(text, repository)
  if registry == "index.docker.io" or registry == "registry-1.docker.io" then registry = HUB end
  local short = not registry
  registry = registry or HUB
  if registry == HUB and not repository:find("/", 1, true) then repository = "library/" .. repository end
  if not tag and not digest then tag = "latest" end
  local ref = { registry = registry, repository = repository, tag = tag, digest = digest, short = short or nil }
  if #reference.full(ref) > LONGEST then wrong(text, ("it is longer than %d characters"):format(LONGEST)) end
  return ref
end

-- The whole name, unique for an image: docker.io/library/debian:12.
function reference.full(ref)
  local name = ref.registry == "" and ref.repository or ref.registry .. "/" .. ref.repository
  if ref.tag then name = name .. ":" .. ref.tag end
  return ref.digest and name .. "@" .. ref.digest or name
end

-- A name without what docker.io implies. It is left as it is where the rest would be the name of another image, such as
-- localhost/app.
local function without_hub(name)
  if name:sub(1, #HUB + 1) ~= HUB .. "/" then return name end
  local rest = name:sub(#HUB + 2)
  local first = rest:match("^([^/]+)/")
  if first == "library" then return rest:match("^library/([^/]+)$") or rest end
  return first and is_registry(first) and name or rest
end

-- The registry and repository as people write them.
function reference.short(ref)
  return without_hub(ref.registry == "" and ref.repository or ref.registry .. "/" .. ref.repository)
end

-- The name as people write it: debian:12.
function reference.familiar(ref)
  return without_hub(reference.full(ref))
end

-- The same for a whole name, which is not parsed again: its familiar form, the repository in it, and its tag or nil.
function reference.shown(full)
  local name = without_hub(full)
  local plain = name:match("^[^@]*")
  local repository, tag = plain:match("^(.*):([^:/]*)$")
  return name, repository or plain, tag
end

-- The registry and repository of a whole name: docker.io/library/debian.
function reference.repository(full)
  return (full:gsub("@.*$", ""):gsub(":[^:/]*$", ""))
end

return reference
