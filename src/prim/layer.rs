//! Layers of images, and digests of files.

use mlua::Table;

use super::copy::{PROGRESS, STREAM, stream, tally};
use super::place::{ROOT, ROOT_TYPE, Root, root};
use crate::sys::copy::tree_reader::{self, Reading};
use crate::sys::layer::packer::{Compression, Packer};
use crate::sys::layer::{self as sys, How, Limits, Marks, Report, lower_links};
use crate::sys::{Result as Done, copy, digest};
use crate::vm::call::{Call, Fail, FdRef};
use crate::vm::registry::{Effect, Outcome, Primitive, Type, arg, need, opt, range};

const BASE: Primitive = Primitive { family: "files", ..Primitive::BASE };

/// The family's entries.
pub const FAMILY: &[Primitive] = &[
    Primitive {
        name: "layer_unpack",
        doc: "Unpacks a layer of an image (OCI image specification) into an empty directory that nothing else changes: a \
              tar stream, plain or compressed with gzip or zstd. Whiteouts become those of overlayfs, wherever in the \
              layer they are; a file of the layer is kept. Links in the path of an entry are resolved within the \
              directory. Attributes of overlays in the layer are dropped. After a failure the directory is incomplete, \
              and the caller removes it. Nothing is verified: compare the digests.",
        args: &[arg("from", STREAM, "the layer, from its current position")],
        options: &[
            need("into", ROOT_TYPE, "the directory: its path or handle"),
            opt(
                "xattr",
                Type::Word(&["trusted", "user"]),
                "they are only reported",
                "where opaque directories are marked: trusted.overlay.opaque, which needs CAP_SYS_ADMIN, or \
                 user.overlay.opaque",
            ),
            opt(
                "squash_ids",
                Type::Bool,
                "false",
                "files of ids that do not exist in this user namespace stay the caller's",
            ),
            opt("max_entries", range::COUNT, "no limit", "the most entries"),
            opt("max_bytes", Type::Size, "no limit", "the largest size of the tar stream"),
            opt(
                "max_ratio",
                range::COUNT,
                "no limit",
                "how many times as large as the compressed layer the tar stream may be, if it is larger than 1 GiB",
            ),
            PROGRESS,
        ],
        returns: "a table: diff_id (the digest of the tar stream) and stream (its bytes), digest (of the file as it is) \
                  and size, bytes (of files' content), entries, whiteouts, devices (skipped, since nobody can create \
                  them in a user namespace), squashed (files of ids that do not exist), attributes (how many could not be set), links (hard links whose target is \
                  in a lower layer: { { name, target }, … }) and opaque (the opaque directories; an empty name is the \
                  root of the layer, which hides all lower layers)",
        errors: &[
            ("EINVAL", "the layer is damaged, programs would read it in different ways, or an id cannot be used"),
            ("EFBIG", "the layer exceeds a limit, or the names and records of an entry have more than 1 MiB"),
            ("ENOSPC", "the disk is full"),
            ("ENOTDIR", "the layer has a file and a directory of the same name"),
            ("EPERM", "owners, devices and file capabilities need privileges"),
        ],
        example: "local from <close> = tiny.open(\"layer.tar.gz\")\ntiny.mkdir(\"fs\")\n\
                  print(tiny.layer_unpack(from, { into = \"fs\", xattr = \"trusted\" }).diff_id)",
        call: unpack,
        ..BASE
    },
    Primitive {
        name: "layer_link",
        doc: "Makes hard links of a layer to files of lower layers, as `layer_unpack` reports them. They are made in an \
              overlay that has the layer as its upper directory and the lower layers below: the kernel copies the files \
              into the layer, as it does in a container. Links in the paths are resolved within the directory. Lower \
              files with the new names are hidden, and directories keep their times.",
        args: &[arg("links", Type::List(&Type::List(&Type::Argument)), "the links: { { name, target }, … }")],
        options: &[
            need("root", ROOT_TYPE, "where the overlay is mounted: its path or handle"),
            opt("max_bytes", Type::Size, "no limit", "the most bytes of the files that are copied, each counted once"),
        ],
        errors: &[
            ("ENOENT", "no layer has the target"),
            ("EFBIG", "the files have more bytes than the limit"),
            ("EPERM", "the target is a directory"),
            ("EROFS", "the overlay has no upper directory"),
            ("ENOSPC", "the disk is full"),
        ],
        example: "tiny.layer_link({ { \"usr/bin/vi\", \"usr/bin/vim\" } }, { root = \"merged\" })",
        call: link,
        ..BASE
    },
    Primitive {
        name: "layer_pack",
        doc: "Packs a directory tree into a layer of an image: a tar stream in pax format, in the order of names and with \
              times in seconds, so that the same tree gives the same bytes. In the upper directory of an overlay, \
              whiteouts and opaque directories become those of the image format. Sockets are skipped.",
        args: &[arg("from", Type::Path, "the directory")],
        options: &[
            ROOT,
            need("to", STREAM, "the file or pipe that receives the layer"),
            opt("compress", Type::Word(&["gzip", "zstd"]), "not at all", "how it is compressed"),
            opt(
                "level",
                Type::Range(1, 19),
                "6 (gzip), 3 (zstd)",
                "how much time compression takes; gzip has at most 9",
            ),
            PROGRESS,
        ],
        returns: "a table: diff_id, stream, digest and size as those of `layer_unpack`; bytes, entries, sockets (how many \
                  were skipped), whiteouts (whiteouts and opaque marks) and changed (the files whose size changed \
                  meanwhile)",
        errors: &[
            ("EOPNOTSUPP", "the overlay has content in lower layers: mount it with redirect_dir=off,metacopy=off"),
            ("EINVAL", "a file's name begins with .wh., which means a whiteout"),
            ("EPIPE", "the reader of the stream has closed it"),
            ("ENOSPC", "the disk is full"),
        ],
        example: "local out <close> = tiny.open(\"layer.tar.gz\", { write = true, create = true })\n\
                  print(tiny.layer_pack(\"upper\", { to = out, compress = \"gzip\" }).diff_id)",
        call: pack,
        ..BASE
    },
    Primitive {
        name: "sha256_file",
        effect: Effect::Reads,
        doc: "Computes the SHA-256 digest of the rest of an open file, as images write it (FIPS 180-4).",
        args: &[arg("file", STREAM, "the file, from its current position")],
        returns: "\"sha256:\" and 64 hexadecimal digits, and the number of bytes",
        errors: &[("EISDIR", "it is a directory")],
        example: "local file <close> = tiny.open(\"layer.tar.gz\")\nprint(tiny.sha256_file(file))",
        call: |c| {
            let (digest, size) = digest::of_file(file(c.fd(0)?)?)?;
            c.ok((digest, size))
        },
        ..BASE
    },
];

fn file(fd: FdRef) -> Result<std::fs::File, Fail> {
    Ok(std::fs::File::from(fd.dup()?))
}

fn unpack(call: &Call<'_>) -> Outcome {
    let marks = match call.opt::<String>("xattr")?.as_deref() {
        Some("trusted") => Marks::Trusted,
        Some(_) => Marks::User,
        None => Marks::Reported,
    };
    let most = |value: Option<u64>| value.unwrap_or(u64::MAX);
    let (entries, ratio) = (most(call.opt("max_entries")?), most(call.opt("max_ratio")?));
    let limits = Limits { entries, ratio, bytes: most(call.opt_size("max_bytes")?) };
    let how = How { marks, squash: call.flag("squash_ids"), limits };
    let into = Root::of(&call.value("into"))?;
    let Some(into) = into.fd()? else { return Err(Fail::Usage("option \"into\" is missing".into())) };
    let into = into.try_clone_to_owned().map_err(crate::sys::Error::from)?;
    let from = file(call.fd(0)?)?;
    let mut report = Report::default();
    let table = tally(call, |tally| -> Done<()> {
        report = sys::unpack(from, into, how, tally)?;
        Ok(())
    })?;
    told(&table, &report)?;
    table.raw_set("squashed", report.squashed)?;
    let pair = |(name, target): &(Vec<u8>, Vec<u8>)| -> mlua::Result<Table> {
        call.lua.create_sequence_from([call.lua.create_string(name)?, call.lua.create_string(target)?])
    };
    let links = report.links.iter().map(pair).collect::<mlua::Result<Vec<_>>>()?;
    table.raw_set("links", call.lua.create_sequence_from(links)?)?;
    let opaque = report.opaque.iter().map(|path| call.lua.create_string(path)).collect::<mlua::Result<Vec<_>>>()?;
    table.raw_set("opaque", call.lua.create_sequence_from(opaque)?)?;
    call.ok(table)
}

fn link(call: &Call<'_>) -> Outcome {
    let mut links = Vec::new();
    for pair in call.get::<Vec<Vec<mlua::LuaString>>>(0)? {
        let [name, target] = &pair[..] else {
            return Err(Fail::Usage("a link is a list of two: its name and its target".into()));
        };
        links.push((name.as_bytes().to_vec(), target.as_bytes().to_vec()));
    }
    let root = root(call)?;
    let Some(root) = root.fd()? else { return Err(Fail::Usage("option \"root\" is missing".into())) };
    let root = root.try_clone_to_owned().map_err(crate::sys::Error::from)?;
    lower_links::link(&root, &links, call.opt_size("max_bytes")?.unwrap_or(u64::MAX))?;
    call.ok(())
}

fn told(table: &Table, report: &Report) -> Result<(), Fail> {
    table.raw_set("diff_id", report.diff_id.as_str())?;
    table.raw_set("digest", report.digest.as_str())?;
    table.raw_set("stream", report.stream)?;
    table.raw_set("size", report.size)?;
    table.raw_set("whiteouts", report.whiteouts)?;
    Ok(())
}

fn pack(call: &Call<'_>) -> Outcome {
    let (from, root) = (call.path(0)?, root(call)?);
    let from = root.place(&from)?;
    let level: Option<i32> = call.opt("level")?;
    let compression = match call.opt::<String>("compress")?.as_deref() {
        Some("gzip") => Compression::Gzip(level.unwrap_or(6).clamp(1, 9).unsigned_abs()),
        Some(_) => Compression::Zstd(level.unwrap_or(3)),
        None => Compression::None,
    };
    let mut packer = Packer::new(stream(call, "to")?, compression)?;
    let reading = Reading { follow: false, layer: true };
    let mut report = Report::default();
    let table = tally(call, |tally| -> Done<()> {
        copy::run(&mut packer, |sink| tree_reader::read(from, reading, sink, tally))?;
        report = packer.close()?;
        Ok(())
    })?;
    told(&table, &report)?;
    call.ok(table)
}
