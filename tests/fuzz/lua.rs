//! The parsers in Lua: files of a rootfs and of the user, and the values of options and a recipe's keys.
//! Invalid input gives an error value with a message, never an internal Lua error.

use mlua::{Function, Table};
use tinylua::prim::PRIMITIVES;
use tinylua::vm::{Options, Vm};

use crate::seeds::{each, sentence};

/// One parser for each target; `folder` is a directory that contains the text in the file `text`.
const DRIVER: &str = r#"
local folder = ...
local function lines(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do table.insert(list, line) end
  return list
end
local function sink() end
local parsers = {}
function parsers.passwd(text)
  tiny.mkdir(folder .. "/etc", { parents = true })
  for _, name in ipairs { "passwd", "group" } do tiny.write_file(folder .. "/etc/" .. name, text) end
  local users = require "tiny.pipeline.users"
  for _, user in ipairs { "web", "0", "1000:www", "root:0", text:sub(1, 40) } do
    local found = tiny.try(users.lookup, folder, user, { "www", "7" })
    if found then
      assert(math.type(found.uid) == "integer" and found.uid >= 0 and found.uid < 0xffffffff, "uid")
      assert(math.type(found.gid) == "integer" and found.gid >= 0 and found.gid < 0xffffffff, "gid")
      for _, gid in ipairs(found.groups) do assert(math.type(gid) == "integer" and gid >= 0, "group") end
    end
  end
  return users.lookup(folder, "web", { "www" })
end
function parsers.env(text)
  tiny.write_file(folder .. "/text", text)
  for key in pairs(require("tiny.spec.pairs").environment_files { folder .. "/text" }) do
    assert(key ~= "" and not key:find("[=%s]"), "a name")
  end
end
function parsers.labels(text)
  tiny.write_file(folder .. "/text", text)
  require("tiny.spec.pairs").labels(lines(text), { folder .. "/text" })
end
function parsers.ports(text)
  for _, line in ipairs(lines(text)) do
    local _, err = tiny.try(require("tiny.net.ports").check, { publish = { line } })
    if err then return error(err, 0) end
  end
end
function parsers.volumes(text)
  for _, line in ipairs(lines(text)) do
    for _, key in ipairs { "volumes", "tmpfs", "mounts" } do
      local _, err = tiny.try(require("tiny.pipeline.volumes").check, { [key] = { line } })
      if err then assert(err.message, tostring(err)) end
    end
    require("tiny.pipeline.volumes").check { volumes = { line } }
  end
end
function parsers.words(text)
  for _, line in ipairs(lines(text)) do
    for _, f in ipairs {
      function() require("tiny.spec.restart").parse(line) end, function() require("tiny.pipeline.ulimits").check { line } end,
      function() require("tiny.pipeline.devices").check { line } end, function() require("tiny.client.detach_keys").new(line) end,
      function() require("tiny.pipeline.security_options").parse { line } end, function() require("tiny.net.subnet").parse(line) end,
      function() require "tiny.cli.time_option"("since", line) end,
      function() require("tiny.pipeline.security_options").check { cap_add = { line }, network = "none", sysctls = { line }, group_add = { line } } end,
    } do
      local _, err = tiny.try(f)
      if err and (err.message or ""):find("attempt to", 1, true) then return error(err, 0) end
    end
  end
end
function parsers.log(text)
  local format = require "tiny.format"
  format.write, format.output, format.note, format.flush = sink, sink, sink, sink
  for _, options in ipairs { {}, { timestamps = true }, { json = true }, { since = "2026-01-01T00:00:00Z", prefix = "web | " } } do
    local printer = require("tiny.client.logs").printer(options)
    for _, line in ipairs(lines(text)) do printer:show(line) end
  end
end
return parsers
"#;

fn parsers(folder: &str) -> (Vm, Table) {
    let vm =
        Vm::new(Options { settings: vec![("root", format!("{folder}/store"))], ..Options::default() }, &PRIMITIVES)
            .unwrap();
    let parsers = vm.lua().load(DRIVER).set_name("=driver").call(folder).unwrap();
    (vm, parsers)
}

fn target(name: &str, cases: u32) {
    let folder = tempfile::tempdir().unwrap();
    let (vm, parsers) = parsers(folder.path().to_str().unwrap());
    let parse: Function = parsers.get(name).unwrap();
    each(name, cases, |text| {
        let argument = mlua::Value::String(vm.lua().create_string(text).unwrap());
        if let Err(failure) = vm.call(parse.clone(), [argument].into_iter().collect()) {
            let (first, _) = failure.text.split_once("\n  hint: ").unwrap_or((&failure.text, ""));
            sentence(first);
            for word in
                ["attempt to", "bad argument", "malformed", "assertion failed", "driver:", "stack overflow", "panicked"]
            {
                assert!(!first.contains(word), "not a refusal: {first}");
            }
        }
    });
}

#[test]
fn passwd_and_group_of_a_rootfs() {
    target("passwd", 300);
}

#[test]
fn files_of_variables() {
    target("env", 300);
}

#[test]
fn labels() {
    target("labels", 200);
}

#[test]
fn published_ports() {
    target("ports", 400);
}

#[test]
fn volumes_and_mounts() {
    target("volumes", 300);
}

#[test]
fn single_words() {
    target("words", 200);
}

#[test]
fn lines_of_a_log() {
    target("log", 300);
}
