local unpack = {}
function unpack.unpack(path, fs, options)
  tiny.mkdir(fs)
  local from <close> = tiny.open(path)
  return tiny.layer_unpack(from, { into = fs, xattr = "trusted", progress = options.progress })
end
return unpack
