-- The output of a finished trace: a summary for the terminal, an SVG, or a Perfetto file. Each is a function of the events,
-- in the format of `--trace=json`, and of the duration of the trace in microseconds.
local trace = {}

function trace.summary(events, elapsed) return require "tiny.dev.trace_summary"(events, elapsed) end
function trace.perfetto(events) return require "tiny.dev.trace_perfetto"(events) end
function trace.svg(events, elapsed) return require "tiny.dev.trace_svg"(events, elapsed) end

return trace
