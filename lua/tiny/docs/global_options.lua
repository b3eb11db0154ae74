-- The options of every command (src/cli), for completion and the manual.
return {
  { "root", value = "DIR", help = "Store all state in DIR" },
  { "lua-path", value = "DIR", help = "Let DIR/scripts and DIR/lua override the shipped Lua" },
  { "trace", type = "flag", optional = "STYLE", help = "Trace each primitive: timeline, lines, json, perfetto:FILE or svg:FILE" },
  { "log-level", value = "LEVEL", choices = { "error", "warn", "info", "debug", "trace", "off" }, help = "The least severe level of diagnostics: error, warn, info, debug, trace or off" },
  { "log", value = "FILE", help = "Append diagnostics to FILE" },
  { "log-format", value = "FORMAT", choices = { "text", "json" }, help = "Format of diagnostics: text, or json with one object per line" },
  { "verbose", short = "v", type = "flag", help = "Print the Lua traceback of an error" },
  { "help", short = "h", type = "flag", help = "Print help" },
}
