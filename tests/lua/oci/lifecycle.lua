-- The life of a container: created, started, a second program in it, deleted (runtime.md, "Lifecycle").
local check = require "check"
local oci = require "oci_bundle"

check.equal(oci.output("id -u; echo $0"), "0\nsh")

local path = oci.bundle("echo hello; sleep 60")
local made = oci.succeeds { "create", "--bundle", path, "x" }
check.equal(oci.state("x").status, "created")
check.equal(made.read(), "", "nothing runs before start")
oci.succeeds { "start", "x" }
oci.eventually(function() return made.read() == "hello\n" end, "the output")
check.equal(oci.state("x").status, "running")
check.equal(oci.succeeds({ "exec", "x", "echo", "again" }).out, "again\n")
oci.fails("cannot delete container \"x\" that is not stopped: running", { "delete", "x" })
oci.succeeds { "delete", "--force", "x" }
oci.nothing()
