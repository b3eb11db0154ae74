-- Volumes: directories that outlive containers. The commands are in scripts/volume/.
return {
  summary = "Manage volumes",
  section = "Volumes",
  order = 221,
  group = true,
}
