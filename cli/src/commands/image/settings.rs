//! What an image and its executables are told, from the flags and the environment.
//!
//! Grants of a program become parts of its container: a variable is set there and passed on, a
//! folder is made, a port is exposed.

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt as _;

use wasmc_abi::options::DEFAULT_PORT;
use wasmc_compiler::grants::{Access, Grant, Grants};
use wasmc_compiler::inspect::{flat_list, inspect, is_component, is_server};
use wasmc_image::build::Spec;
use wasmc_image::copy::copy;
use wasmc_image::layer::{Node, NodeKind, ROOT, Tree, normalise};
use wasmc_image::module::Found;
use wasmc_image::root;
use wasmc_image::unpack::Unpacked;

use crate::args::image::BuildArgs;
use crate::commands::grant_failure;
use crate::environment;
use crate::input::Input;
use crate::report::Failure;

/// What an image and its executables are told.
#[derive(Debug)]
pub struct Settings {
    /// What becomes of the image.
    pub spec: Spec,
    /// The grants that are baked into the executables.
    pub grants: Grants,
}

/// Decides what the image is told.
pub fn settings(args: &BuildArgs, input: &mut Input) -> Result<Settings, Failure> {
    let mut spec = Spec {
        name: name(args, input)?,
        entrypoint: args.entrypoint.clone(),
        cmd: args.cmd.clone(),
        ports: args.expose.clone(),
        labels: args.labels.iter().cloned().collect(),
        user: format!("{}:{}", args.user.0.uid, args.user.0.gid),
        working_dir: args.workdir.clone(),
        time: environment::source_date_epoch().map_err(Failure::usage)?,
        created_by: format!("wasmc {}", env!("CARGO_PKG_VERSION")),
        ..Spec::default()
    };
    spec.files = files(args, input)?;
    let mut grants = grants(args, &mut spec)?;
    if let Some(found) = input.image() {
        let has_sockets = imports_sockets(input.raw());
        inherit(args, found, has_sockets, &mut spec, &mut grants);
    }
    let mut words = args.grants.words.iter();
    if is_server(input.module()?) && !words.any(|word| word.as_bytes().starts_with(b"--listen")) {
        spec.ports.push(format!("{DEFAULT_PORT}/tcp"));
    }
    let working_dir = spec.working_dir.clone();
    make_folder(&mut spec.files, &working_dir, &Node::folder())?;
    spec.ports.sort();
    spec.ports.dedup();
    Ok(Settings { spec, grants })
}

/// The executable's name.
fn name(args: &BuildArgs, input: &Input) -> Result<String, Failure> {
    let stem = || input.path()?.file_stem()?.to_str().map(str::to_owned);
    let name = args.name.clone().or_else(stem);
    let name = name.unwrap_or_else(|| "app".to_owned());
    if name.is_empty() || name.contains(['/', '\0']) || name == "." || name == ".." {
        return Err(
            Failure::usage(format!("`{}` is no file name", name.escape_debug()))
                .hint("pass `--name NAME`"),
        );
    }
    Ok(name)
}

fn files(args: &BuildArgs, input: &Input) -> Result<Tree, Failure> {
    let mut files = Tree::new();
    for (path, file) in input.image().map_or(&[][..], |found| &found.files) {
        let node = match file {
            Unpacked::Folder => Node::folder(),
            Unpacked::File(content, is_executable) => {
                let mode = if *is_executable { 0o755 } else { 0o644 };
                Node::file(content.clone()).mode(mode)
            }
            Unpacked::Symlink(target) => Node {
                kind: NodeKind::Symlink(target.clone()),
                mode: 0o777,
                owner: ROOT,
            },
        };
        files.insert(path, node)?;
    }
    if let Some(path) = &args.ca_certificates {
        copy(&mut files, path, root::CA_CERTIFICATES)?;
    }
    for each in &args.copy {
        copy(&mut files, &each.from, &each.to).map_err(|error| {
            Failure::from(error).context(format!("failed to copy to `{}`", each.to))
        })?;
    }
    Ok(files)
}

/// Whether a module uses sockets.
fn imports_sockets(module: &[u8]) -> bool {
    // That it cannot be inspected is said when it is compiled.
    if is_component(module) {
        return flat_list(module).is_ok_and(|list| list.contains(" = lower wasi:sockets/"));
    }
    inspect(module).is_ok_and(|inspection| {
        let mut imports = inspection.imports.iter();
        imports.any(|import| import.name.starts_with("sock_"))
    })
}

/// What the image says that the module comes from holds unless the command line says otherwise. A
/// program of Docker's preview saw the image's file system as its own, and a server listened to the
/// ports that its image exposes.
fn inherit(
    args: &BuildArgs,
    found: &Found,
    has_sockets: bool,
    spec: &mut Spec,
    grants: &mut Grants,
) {
    if args.entrypoint.is_empty() {
        spec.entrypoint.clone_from(&found.entrypoint);
    }
    if args.cmd.is_empty() {
        spec.cmd.clone_from(&found.cmd);
    }
    if let Some(folder) = &found.working_dir
        && args.workdir == "/"
    {
        spec.working_dir.clone_from(folder);
    }
    spec.ports.extend(found.ports.iter().cloned());
    for variable in &found.env {
        let (name, _) = variable.split_once('=').unwrap_or((variable, ""));
        let is_set = |other: &String| other.split('=').next() == Some(name);
        if name.is_empty() || name.contains('\0') || spec.env.iter().any(is_set) {
            continue;
        }
        spec.env.push(variable.clone());
        grants.push(Grant::Env {
            name: name.into(),
            value: None,
        });
    }
    let is_given = |names: &[&str]| {
        let mut words = args.grants.words.iter();
        words.any(|word| {
            let mut names = names.iter();
            names.any(|name| word.as_bytes().starts_with(name.as_bytes()))
        })
    };
    if found.in_file_system && !is_given(&["--dir"]) {
        grants.push(Grant::Dir {
            host: "/".into(),
            guest: "/".into(),
            access: Access::ReadWrite,
        });
    }
    if has_sockets && !is_given(&["--listen", "--net"]) {
        for port in found.ports.iter().filter_map(|port| tcp_port(port)) {
            grants.push(Grant::Listen((Ipv4Addr::UNSPECIFIED, port).into()));
        }
    }
}

/// The number of a port as images expose it, such as `8080/tcp`; `None` for other protocols, and
/// for what is no port.
fn tcp_port(port: &str) -> Option<u16> {
    let number = port.strip_suffix("/tcp").unwrap_or(port);
    number.parse().ok().filter(|&number| number != 0)
}

/// The grants that are baked in; what they mean for the container goes into the image.
fn grants(args: &BuildArgs, spec: &mut Spec) -> Result<Grants, Failure> {
    let mut baked = Grants::new();
    for grant in args.grants.parse().map_err(grant_failure)? {
        match &grant {
            Grant::Env {
                name,
                value: Some(value),
            } => {
                // The container has the value, so that `docker run --env` can give another.
                spec.env.push(format!("{}={}", text(name)?, text(value)?));
                baked.push(Grant::Env {
                    name: name.clone(),
                    value: None,
                });
                continue;
            }
            Grant::Listen(address) => spec.ports.push(format!("{}/tcp", address.port())),
            Grant::Dir { host, .. } => {
                let path = text(host)?;
                let path = match path.starts_with('/') {
                    true => path.to_owned(),
                    false => format!("{}/{path}", args.workdir),
                };
                make_folder(&mut spec.files, &path, &Node::folder().owner(args.user.0))?;
            }
            // The others mean nothing outside the program.
            _ => {}
        }
        baked.push(grant);
    }
    Ok(baked)
}

/// Makes a folder unless one of its name, or a file that was copied, is there: a program whose
/// folder is missing would not start.
fn make_folder(files: &mut Tree, path: &str, node: &Node) -> Result<(), Failure> {
    let inside = normalise(path)?;
    let known =
        inside.is_empty() || files.get(&inside).is_some() || root::base()?.get(&inside).is_some();
    if !known {
        files.insert(path, node.clone())?;
    }
    Ok(())
}

fn text(word: &OsStr) -> Result<&str, Failure> {
    word.to_str()
        .ok_or_else(|| Failure::usage("a grant of an image is UTF-8".to_owned()))
}
