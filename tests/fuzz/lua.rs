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
local OCI = "application/vnd.oci.image."
local function is_plain(digest) return require("tiny.images.reference").is_digest(digest) end
function parsers.reference(text)
  local reference = require "tiny.images.reference"
  for _, line in ipairs(lines(text)) do
    local ref = tiny.try(reference.parse, line)
    if ref and not ref.transport then
      local full = reference.full(ref)
      assert(#full <= 250 and not full:find("[%c%s]") and not ("/" .. full .. "/"):find("/%.%.?/"), "a file name")
      local again = reference.parse(full)
      assert(reference.full(again) == full, "the whole name has another meaning")
      -- An image named oci or dir is looked for in a directory if its registry is left out.
      local short = reference.parse(reference.familiar(ref))
      assert(short.transport or reference.full(short) == full, "the short name has another meaning")
    end
  end
  reference.parse(text)
end
function parsers.manifest(text)
  local manifest = require "tiny.images.manifest"
  for _, media_type in ipairs { OCI .. "manifest.v1+json", OCI .. "index.v1+json" } do
    local found = tiny.try(manifest.parse, text, media_type, "the manifest")
    for _, part in ipairs(found and (found.manifests or { found.config, table.unpack(found.layers) }) or {}) do
      assert(is_plain(part.digest) and math.type(part.size) == "integer" and part.size >= 0, "a descriptor")
    end
    if found and found.kind == "index" then require("tiny.images.platform").best(found) end
  end
  manifest.parse(text, nil, "the manifest")
end
function parsers.image_config(text)
  local found = require("tiny.images.config").parse(text, "the configuration")
  for _, id in ipairs(found.diff_ids) do assert(is_plain(id), "a diff id") end
  for name in pairs(found.defaults.env or {}) do assert(name ~= "" and not name:find("[=%z]"), "a variable") end
  for _, path in ipairs(found.defaults.volumes or {}) do
    assert(path:sub(1, 1) == "/" and not (path .. "/"):find("/%.%.?/"), "a volume")
  end
end
function parsers.challenge(text)
  local auth = require "tiny.images.auth"
  local count = 0
  for _, challenge in ipairs(auth.challenges(text)) do
    assert(challenge.scheme ~= "" and not challenge.scheme:find("[%s,=\"%c]"), "a scheme")
    for name, value in pairs(challenge.parameters) do
      count = count + 1
      assert(name == name:lower() and name ~= "" and type(value) == "string", "a parameter")
    end
    local realm = challenge.parameters.realm
    local url = realm and auth.parse_url(realm)
    if url then
      assert(url.scheme == "https" or url.scheme == "http", "a scheme")
      assert(url.host ~= "" and not url.host:find("[%s%c/@?#]") and url.port:find("^%d+$"), "a host")
      assert(auth.same_site(url.host, url.host), "a site")
    end
  end
  assert(count <= #text, "more parameters than text")
end
function parsers.registries_conf(text)
  local conf = require "tiny.images.registries_conf"
  local content = conf.parse(text, "registries.conf")
  assert(type(content) == "table", "a table")
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

#[test]
fn names_of_images() {
    target("reference", 400);
}

#[test]
fn manifests_and_indexes() {
    target("manifest", 400);
}

#[test]
fn configurations_of_images() {
    target("image_config", 400);
}

#[test]
fn challenges_of_registries() {
    target("challenge", 1000);
}

#[test]
fn files_about_registries() {
    target("registries_conf", 300);
}
