-- Runs a test of another directory as an unprivileged user: `scenarios.limits memory` (tests/cases/mod.rs lists them).
local args = ...
local needs = args[2]
require("ordinary").runs(args[1], { needs = needs ~= "" and needs or nil })
