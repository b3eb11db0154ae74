-- Prints what this runtime supports (features.md).
return {
  summary = "Print what this runtime supports",
  order = 14,
  args = {},
  run = function()
    require("tiny.format").line(tiny.json_encode(require "tiny.oci.features"(), { pretty = true }))
  end,
}
