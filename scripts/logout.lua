-- Removes the credentials for a registry.
return {
  summary = "Log out of a registry",
  section = "Images",
  order = 163,
  args = { { "registry", required = false, value = "REGISTRY", help = "Host name, with a port if needed [default: docker.io]" } },
  run = function(args)
    local auth, format = require "tiny.images.auth", require "tiny.format"
    local name = auth.registry_name(args.registry or "docker.io")
    local changed = auth.erase(name)
    if #changed == 0 then
      format.line(("There are no credentials for %s"):format(name))
      return
    end
    format.line(("Removed the credentials for %s from %s"):format(name, table.concat(changed, ", ")))
  end,
}
