-- A misspelt key of a container: the checker names the table that has it, which begins in the next line.
return require("tiny.container").new { -- WRONG
  command = "true",
  memry = "64m",
}
