-- repl: the interactive prompt. All of `tiny` is at hand; an error leaves the prompt alive.
local prompt = require "tiny.prompt"

return {
  summary = "Try things at an interactive prompt",
  about = "Where standard input is no terminal it is run a chunk at a time; the first error ends it.",
  run = prompt.start,
}
