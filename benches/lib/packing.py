"""Container images of programs that wasmc did not make: as small as they can be, for comparison."""

import gzip
import hashlib
import io
import json
import re
import tarfile
from pathlib import Path

import paths
import tools

# What Google's distroless `cc-debian12` is unpacked from, and of it what only people read.
DISTROLESS = ("base-files", "netbase", "tzdata", "ca-certificates", "libc6", "libssl3", "libgcc-s1",
              "libgomp1", "libstdc++6")
UNREAD = ("usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/lintian/")


class Image:
    """An image of one platform: what a machine downloads of it, and an archive for `docker load`."""

    def __init__(self, name, layers, entrypoint, cmd=()):
        layers = [_layer(files) for files in layers]
        diff_ids = [_digest(plain) for plain, _ in layers]
        config = _json({
            "architecture": "amd64", "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "Cmd": list(cmd), "User": "65532:65532"},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        })
        kind = "application/vnd.oci.image"
        manifest = _json({
            "schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json",
            "config": _descriptor(f"{kind}.config.v1+json", config),
            "layers": [_descriptor(f"{kind}.layer.v1.tar+gzip", packed) for _, packed in layers],
        })
        self.name = name
        self.bytes = len(config) + len(manifest) + sum(len(packed) for _, packed in layers)
        self.files = {"config.json": config}
        self.files |= {f"{at}.tar": packed for at, (_, packed) in enumerate(layers)}
        self.files["manifest.json"] = _json([{
            "Config": "config.json", "RepoTags": [name],
            "Layers": [f"{at}.tar" for at in range(len(layers))],
        }])

    def archive(self, path):
        """Writes the archive."""
        with tarfile.open(path, "w") as archive:
            for name, content in self.files.items():
                _add(archive, name, content, 0o644)


def with_libraries(program):
    """A program and the shared libraries that it loads, as files of a layer. Such an image runs:
    any other with this program is larger."""
    files = {f"bin/{program.name}": program}
    listed = tools.run([tools.program("ldd"), program], capture=True)
    for path in re.findall(r"(/\S+) \(0x", listed):
        files[path.lstrip("/")] = Path(path).resolve()
    return files


def distroless():
    """The files of Debian's packages that distroless' image for C programs is made of."""
    folder = tools.debian_packages("distroless", DISTROLESS)
    return {
        str(path.relative_to(folder)): path
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or path.is_file()) and path.name != "unpacked.txt"
        and not str(path.relative_to(folder)).startswith(UNREAD)
    }


def static_server():
    """The example's server in C, static: over musl by zig's compiler, which is the smallest."""
    command, env = tools.zig_cc()
    output = paths.BUILD / "bench" / "http-server-static"
    return _compile(command, env, paths.EXAMPLES / "http-server" / "server.c", output)


def static_hello():
    """The hello world in C, likewise."""
    command, env = tools.zig_cc()
    return _compile(command, env, paths.EXAMPLES / "hello.c", paths.BUILD / "bench" / "hello-static")


def _compile(command, env, source, output):
    output.parent.mkdir(parents=True, exist_ok=True)
    tools.run([*command, "-O2", "-target", "x86_64-linux-musl", "-static", "-s", source,
               "-o", output], env=env)
    return output


def _layer(files):
    """A layer of files, plain and compressed as well as gzip can."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        # Folders that an archive does not name can be nobody's to look into.
        for folder in sorted({str(parent) for name in files for parent in Path(name).parents} - {"."}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name, source in sorted(files.items()):
            if source.is_symlink():
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, str(source.readlink())
                archive.addfile(entry)
            else:
                _add(archive, name, source.read_bytes(), 0o755)
    plain = plain.getvalue()
    return plain, gzip.compress(plain, 9, mtime=0)


def _add(archive, name, content, mode):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _json(value):
    return json.dumps(value, separators=(",", ":")).encode()


def _digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(kind, content):
    return {"mediaType": kind, "digest": _digest(content), "size": len(content)}
