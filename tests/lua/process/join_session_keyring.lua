-- join_session_keyring: a keyring of this name replaces the inherited one, for children too.
local check = require "check"

-- The name of the session keyring: keyctl(2) describes it in /proc/keys.
local function keys()
  return tiny.read_file "/proc/keys" or check.skip "this kernel has no /proc/keys"
end

check.inside({}, function()
  assert(not keys():find("tinylua-test:", 1, true), "there is one already")
  tiny.join_session_keyring "tinylua-test"
  assert(keys():find "keyring%s+tinylua%-test: empty", keys())
  -- The possessor may do everything, the user may view, read, search and link.
  assert(keys():find "3f1b0000[^\n]*tinylua%-test:", keys())
  check.inside({}, function()
    assert(keys():find("tinylua-test:", 1, true), "inherited")
    tiny.join_session_keyring "tinylua-other"
    assert(keys():find("tinylua-other:", 1, true), keys())
  end)
end)

check.fails("EPERM", tiny.join_session_keyring, ".kernel")
check.refuses([[name: it has 0 bytes, not 1 to 255]], tiny.join_session_keyring, "")
