-- Stores the credentials for a registry.
return {
  summary = "Log in to a registry",
  section = "Images",
  order = 162,
  about = "The credentials are checked and then stored where docker and podman keep theirs: in $REGISTRY_AUTH_FILE; or in the first of\n"
    .. "these that exists: $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json, ~/.docker/config.json. A credential\n"
    .. "helper that is named there (credHelpers, credsStore) is used.",
  options = {
    { "username", short = "u", value = "USER", help = "User name [default: ask]" },
    { "password", short = "p", value = "PASSWORD", help = "Password or token; other users can see it in the list of processes" },
    { "password-stdin", type = "flag", help = "Read the password or token from standard input" },
  },
  args = { { "registry", required = false, value = "REGISTRY", help = "Host name, with a port if needed [default: docker.io]" } },
  run = function(args)
    local registries, registry = require "tiny.images.registries", require "tiny.images.registry"
    local passwords = require "tiny.cli.password"
    if args.password and args.password_stdin then tiny.fail { message = "--password and --password-stdin exclude each other", exit = 2 } end
    if args.password_stdin and not args.username then tiny.fail { message = "--password-stdin needs --username", exit = 2 } end
    local source = registries.server(require("tiny.images.auth").registry_name(args.registry or "docker.io"))
    local user = args.username
    if not user then user = tiny.read_line(("User name for %s: "):format(source.registry)) end
    if not user or user == "" then tiny.fail { message = "no user name was given", hint = "use --username", exit = 125 } end
    if user:find("[:%c]") then tiny.fail { message = ("%s is not a user name: it contains a colon or a control character"):format(tiny.show(user)), exit = 125 } end
    local password = args.password or (args.password_stdin and passwords.from_input() or passwords.ask "Password: ")
    if password == "" then tiny.fail { message = "the password is empty", exit = 125 } end
    registry.check_login(source, { user = user, password = password })
    local place = require("tiny.images.auth").store(source.registry, user, password)
    if args.password then io.stderr:write("tinylua: other users can see a password in the list of processes; --password-stdin hides it\n") end
    require("tiny.format").line(("Login succeeded; the credentials are in %s"):format(place))
  end,
}
