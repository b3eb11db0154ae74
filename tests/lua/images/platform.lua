-- The best manifest of an index, whatever its order.
local check = require "check"
local platform = require "tiny.images.platform"

local function text(name) return platform.text(platform.parse(name)) end
check.equal(text "linux/amd64", "linux/amd64")
check.equal(text "x86_64", "linux/amd64")
check.equal(text "linux/aarch64", "linux/arm64")
check.equal(text "linux/arm64/v8", "linux/arm64")
check.equal(text "Linux/ARM/v6", "linux/arm/v6")
check.equal(text "arm", "linux/arm/v7")
check.equal(text "armhf", "linux/arm/v7")
check.equal(text "linux", platform.text(platform.host()))
for _, wrong in ipairs { "", "/", "linux/", "a/b/c/d", "linux/../x", "linux/am d64" } do
  local _, err = tiny.try(platform.parse, wrong)
  check.equal(err.message, ("--platform: %s is not a platform"):format(tiny.show(wrong)))
end
local _, windows = tiny.try(platform.parse, "windows/amd64")
check.equal(windows.message, '--platform: containers of "windows" do not run on Linux')

-- An index of these platforms; "+" marks an attestation, "-" one without a platform.
local function index(names)
  local made = { kind = "index", manifests = {} }
  for i, name in ipairs(names) do
    local os, architecture, variant = name:gsub("^%+", ""):match("^([^/]+)/([^/]+)/?(.*)$")
    made.manifests[i] = {
      digest = "sha256:" .. tiny.sha256(name), attestation = name:sub(1, 1) == "+" or nil, name = name,
      platform = os and { os = os, architecture = architecture, variant = variant ~= "" and variant or nil },
    }
  end
  return made
end

-- In every rotation of the list, the choice is the same.
local function best(wanted, want, names)
  for _ = 1, #names do
    table.insert(names, 1, table.remove(names))
    local found = platform.best(index(names), wanted)
    check.equal(found and found.name, want, ("%s in %s"):format(tostring(wanted), table.concat(names, " ")))
  end
end

local ALL = { "linux/386", "linux/amd64", "linux/amd64/v3", "linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "linux/s390x", "windows/amd64", "unknown/unknown", "+linux/amd64" }
best("linux/amd64", "linux/amd64", ALL)
best("linux/amd64/v3", "linux/amd64/v3", ALL)
best("linux/amd64/v4", "linux/amd64/v3", ALL)
best("linux/amd64/v2", "linux/amd64", ALL)
best("linux/arm/v7", "linux/arm/v7", ALL)
best("linux/arm/v6", "linux/arm/v6", ALL)
best("linux/arm/v8", "linux/arm/v7", ALL)
best("linux/arm64", "linux/arm64/v8", ALL)
best("linux/riscv64", nil, ALL)
best("linux/arm/v5", nil, { "linux/arm/v6", "linux/arm/v7" })
-- Other programs are run only if nobody asked for a platform.
local i386 = { "linux/386", "linux/s390x" }
best("linux/amd64", nil, i386)
local host = tiny.probe().kernel.machine
if host == "x86_64" then best(nil, "linux/386", i386) end
if host == "aarch64" then best(nil, "linux/arm/v7", { "linux/arm/v6", "linux/arm/v7", "linux/amd64" }) end
-- One manifest without a platform is the image; two are not clear.
best("linux/amd64", "image", { "image", "+linux/x" })
best("linux/amd64", nil, { "one", "two" })
check.equal(table.concat(select(2, platform.best(index(ALL), "linux/riscv64")), " "),
  "linux/386 linux/amd64 linux/amd64/v3 linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm64 linux/s390x windows/amd64")
