-- Makes an image of a container's changes.
return {
  summary = "Make an image from the changes of a container",
  section = "Images",
  order = 159,
  about = "The new image has the layers of the container's image and one more with its changes. Volumes are not part of it. The container is\n"
    .. "paused meanwhile unless --pause=false is given. The id of the image is printed.",
  options = {
    { "author", short = "a", value = "NAME", help = "The author" },
    { "message", short = "m", value = "TEXT", help = "A comment for the history" },
    { "change", short = "c", many = true, value = "INSTRUCTION", help = 'Change the configuration: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR' },
    { "pause", short = "p", choices = { "true", "false" }, default = "true", value = "BOOLEAN", help = "Pause the container meanwhile" },
  },
  args = {
    { "container", value = "CONTAINER", complete = "containers", help = "Name or id prefix" },
    { "image", value = "NAME[:TAG]", required = false, help = "The name of the new image [default: none]" },
  },
  run = function(args)
    local build, pause, state = require "tiny.images.build", require "tiny.client.pause", require "tiny.state"
    local name = build.name(args.image)
    local container = state.find(args.container)
    local frozen = args.pause == "true" and container.state.status == "running" and not container.state.paused
    local _ <close> = require("tiny.images.store").lock "shared"
    if frozen then pause.pause(container) end
    local image, err = tiny.try(build.commit, container, { name = name, author = args.author, message = args.message, change = args.change })
    if frozen then pause.resume(container, err ~= nil) end
    if not image then error(err, 0) end
    require("tiny.format").line(image.config)
  end,
}
