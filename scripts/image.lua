-- Images of the store. The commands are in scripts/image/.
return {
  summary = "Manage images",
  section = "Images",
  order = 152,
  group = true,
}
