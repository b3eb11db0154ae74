-- What becomes of a trace when its command ends: a summary for the terminal, a picture, or Perfetto's file. Each is a
-- function of the events, as `--trace=json` has them, and of the microseconds that the trace lasted.
local trace = {}

function trace.summary(events, elapsed) return require "tiny.dev.trace_summary"(events, elapsed) end
function trace.perfetto(events) return require "tiny.dev.trace_perfetto"(events) end
function trace.svg(events, elapsed) return require "tiny.dev.trace_svg"(events, elapsed) end

return trace
