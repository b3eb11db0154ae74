-- The options that every command takes (src/cli), for completion and the manual.
return {
  { "root", value = "DIR", help = "Keep all state below DIR" },
  { "lua-path", value = "DIR", help = "Let DIR/scripts and DIR/lua override the shipped Lua" },
  { "trace", type = "flag", optional = "STYLE", help = "Show each primitive as it happens: timeline, lines, json, perfetto:FILE or svg:FILE" },
  { "log-level", value = "LEVEL", choices = { "error", "warn", "info", "debug", "trace", "off" }, help = "Show diagnostics from this level on: error, warn, info, debug, trace or off" },
  { "log", value = "FILE", help = "Append diagnostics to FILE" },
  { "log-format", value = "FORMAT", choices = { "text", "json" }, help = "Write diagnostics as text, or as json: one object a line" },
  { "verbose", short = "v", type = "flag", help = "Show the Lua traceback of an error" },
  { "help", short = "h", type = "flag", help = "Print help" },
}
