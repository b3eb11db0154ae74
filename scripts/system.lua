-- The disk space that containers, volumes and images use. The commands are in scripts/system/.
return {
  summary = "Show and free disk space",
  section = "System",
  order = 406,
  group = true,
}
