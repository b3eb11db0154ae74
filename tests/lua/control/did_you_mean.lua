-- did_you_mean: returns the most similar word, or nothing if none is similar.
local check = require "check"

check.equal(tiny.did_you_mean("hostnme", { "name", "hostname", "host" }), "hostname")
check.equal(tiny.did_you_mean("hostname", { "hostname" }), "hostname")
check.equal(tiny.did_you_mean("xyz", { "hostname", "name" }), nil)
check.equal(tiny.did_you_mean("", { "a" }), nil)
check.equal(tiny.did_you_mean("a", {}), nil)
check.refuses("words: [2]: expected string, got 1", tiny.did_you_mean, "a", { "b", 1 })
