-- Networks of containers. The commands are in scripts/network/.
return {
  summary = "Manage networks",
  section = "Networks",
  order = 201,
  group = true,
}
