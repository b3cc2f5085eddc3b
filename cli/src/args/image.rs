//! `wasmc image`: its flags and those of its own commands.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use wasmc_compiler::Arch;
use wasmc_image::Reference;
use wasmc_image::layer::Owner;

use crate::args::grants::Grants;
use crate::args::{CodeArgs, Format};

/// `wasmc image`
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_long_help = "\
Examples:
  $ wasmc image app.wasm -t example.org/app:1 -o image.tar
  $ wasmc image --platform linux/amd64 app.wasm -o layout/
  $ wasmc image --env MODE=fast --dir /data --expose 8080 app.wasm -t app -- --verbose"
)]
pub struct ImageArgs {
    /// What to do instead of building an image
    #[command(subcommand)]
    pub action: Option<ImageAction>,

    #[command(flatten)]
    pub build: BuildArgs,
}

/// What to do with images other than building them.
#[derive(Subcommand, Debug)]
pub enum ImageAction {
    /// Push an image or a module to a registry
    ///
    /// The image is an archive or a folder in the OCI layout. A module is pushed as an artifact that
    /// engines for WebAssembly run. Credentials are those that `docker login` and `podman login`
    /// stored.
    Push(PushArgs),
    /// Pull an image, or the module in it, from a registry
    Pull(PullArgs),
}

/// `wasmc image push`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc image push image.tar localhost:5000/app:1
  $ wasmc image push app.wasm localhost:5000/module:1")]
pub struct PushArgs {
    /// An archive, a folder in the OCI layout, or a module
    #[arg(value_name = "IMAGE")]
    pub image: OsString,

    /// The name to push it under: `registry/name:tag`
    #[arg(value_name = "NAME", value_parser = parse_reference)]
    pub name: Reference,

    /// A bill of materials to attach
    #[arg(long, value_name = "FILE")]
    pub sbom: Option<PathBuf>,

    /// Talk plain HTTP also to other machines than this one
    #[arg(long)]
    pub plain_http: bool,

    /// The form of what is printed: the digest, or more with `json`
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
}

/// `wasmc image pull`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc image pull localhost:5000/app:1 -o image.tar
  $ wasmc image pull localhost:5000/module:1 -o module.wasm")]
pub struct PullArgs {
    /// The name: `registry/name:tag` or `registry/name@sha256:...`
    #[arg(value_name = "NAME", value_parser = parse_reference)]
    pub name: Reference,

    /// Where to write: `.tar` for an archive, a folder that ends with `/`, or `.wasm`
    ///
    /// A name that ends with `.wasm` is for the module alone. By default an archive named like the
    /// image, in the current folder.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<OsString>,

    /// Talk plain HTTP also to other machines than this one
    #[arg(long)]
    pub plain_http: bool,

    /// The form of what is printed: the digest, or more with `json`
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
}

/// Building an image.
#[derive(Args, Debug)]
pub struct BuildArgs {
    /// The module: a file, `-` for standard input, or `oci://registry/name:tag`
    #[arg(value_name = "MODULE", required = true)]
    pub module: Option<OsString>,

    /// Arguments of the program unless `docker run` and the like give others
    #[arg(value_name = "ARGS", last = true)]
    pub cmd: Vec<String>,

    /// A name of the image: `registry/name:tag`
    ///
    /// May be given several times; the first is the one that layouts know the image by.
    #[arg(short, long = "tag", value_name = "NAME", value_parser = parse_reference)]
    pub tags: Vec<Reference>,

    /// Where to write: a file that ends with `.tar`, a folder that ends with `/`, or `-`
    ///
    /// An archive is loaded by `docker load`, `podman load`, `ctr image import` and skopeo alike;
    /// a folder has the OCI layout. By default, unless the image goes elsewhere, an archive named
    /// like the module, in the current folder.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<OsString>,

    /// Push the image to the registries that its names say
    #[arg(long, requires = "tags")]
    pub push: bool,

    /// Load the image into a running engine; by default the first of docker, podman and nerdctl
    #[arg(
        long,
        value_name = "ENGINE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    pub load: Option<EngineArg>,

    /// The platforms; by default all that this wasmc has a runtime for
    #[arg(
        long = "platform",
        value_name = "PLATFORM",
        value_delimiter = ',',
        value_parser = super::values::parse_arch
    )]
    pub platforms: Vec<Arch>,

    /// The form of what is printed: the image's digest, or more with `json`
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,

    /// Write a bill of materials (CycloneDX); a pushed image has one attached
    #[arg(long, value_name = "FILE")]
    pub sbom: Option<PathBuf>,

    /// Attach no bill of materials to a pushed image
    #[arg(long)]
    pub no_sbom: bool,

    /// The name of the executable in /bin; by default the module's file name without extension
    #[arg(long, value_name = "NAME", help_heading = "Image")]
    pub name: Option<String>,

    /// An argument that the program always gets, before others
    #[arg(
        long = "arg",
        value_name = "ARG",
        allow_hyphen_values = true,
        help_heading = "Image"
    )]
    pub entrypoint: Vec<String>,

    /// Put a file, or what is in a folder, into the image; the program needs `--dir` to see it
    #[arg(long, value_name = "SRC:DST", value_parser = parse_copy, help_heading = "Image")]
    pub copy: Vec<Copy>,

    /// Put certificates of authorities into the image, by default this machine's
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT_CA_CERTIFICATES,
        help_heading = "Image"
    )]
    pub ca_certificates: Option<PathBuf>,

    /// A port that the program listens to; those of `--listen` are known
    #[arg(long, value_name = "PORT[/udp]", value_parser = parse_port, help_heading = "Image")]
    pub expose: Vec<String>,

    /// A label; those that begin with `org.opencontainers.image.` are annotations too
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = parse_label, help_heading = "Image")]
    pub labels: Vec<(String, String)>,

    /// The user and the group that the program runs as, in numbers
    #[arg(
        long,
        value_name = "UID[:GID]",
        default_value = "65532:65532",
        value_parser = parse_user,
        help_heading = "Image"
    )]
    pub user: User,

    /// The folder that the program starts in
    #[arg(long, value_name = "DIR", default_value = "/", value_parser = parse_folder, help_heading = "Image")]
    pub workdir: String,

    /// Let WASMC_OPTIONS in the container's environment add grants
    #[arg(long, help_heading = "Image")]
    pub unsealed: bool,

    #[command(flatten)]
    pub code: CodeArgs,

    #[command(flatten)]
    pub grants: Grants,
}

/// Where this machine keeps the certificates of authorities.
const DEFAULT_CA_CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// An engine that images are loaded into.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum EngineArg {
    /// The first that runs
    Auto,
    /// Docker
    Docker,
    /// Podman
    Podman,
    /// nerdctl, for containerd
    Nerdctl,
}

/// A value of `--copy`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Copy {
    /// On this machine.
    pub from: PathBuf,
    /// In the image.
    pub to: String,
}

/// The value of `--user`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct User(pub Owner);

/// Parses an image's name.
pub fn parse_reference(text: &str) -> Result<Reference, String> {
    text.parse()
        .map_err(|error: wasmc_image::Error| error.to_string())
}

fn parse_copy(text: &str) -> Result<Copy, String> {
    // Paths of this machine may contain colons; those of images hardly ever do.
    let (from, to) = text
        .rsplit_once(':')
        .filter(|(from, to)| !from.is_empty() && to.starts_with('/'))
        .ok_or("the form is SRC:DST, and DST begins with `/`")?;
    Ok(Copy {
        from: PathBuf::from(from),
        to: to.to_owned(),
    })
}

fn parse_port(text: &str) -> Result<String, String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let is_port = number.parse::<u16>().is_ok_and(|port| port != 0);
    if !is_port || !["tcp", "udp", "sctp"].contains(&protocol) {
        return Err("the form is PORT or PORT/udp, such as 8080".to_owned());
    }
    Ok(format!("{number}/{protocol}"))
}

fn parse_label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("the form is NAME=VALUE".to_owned()),
    }
}

fn parse_user(text: &str) -> Result<User, String> {
    let (uid, gid) = text.split_once(':').unwrap_or((text, text));
    // Kubernetes can only verify that a number is not the superuser's.
    let number = |text: &str| {
        text.parse()
            .map_err(|_| "the form is UID or UID:GID, in numbers".to_owned())
    };
    Ok(User(Owner {
        uid: number(uid)?,
        gid: number(gid)?,
    }))
}

fn parse_folder(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err("the path begins with `/`".to_owned());
    }
    wasmc_image::layer::normalise(text)
        .map(|path| format!("/{path}"))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_split_at_the_last_colon() {
        let copy = parse_copy("a:b:/c").unwrap();
        assert_eq!((copy.from.to_str(), copy.to.as_str()), (Some("a:b"), "/c"));
        for wrong in ["", ":", "a", ":/b", "a:", "a:b", "/a/b"] {
            assert!(parse_copy(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn users_and_ports_are_numbers() {
        let user = parse_user("7").unwrap().0;
        assert_eq!((user.uid, user.gid), (7, 7));
        assert!(parse_user("root").is_err());
        assert!(parse_user("1:2:3").is_err());
        assert_eq!(parse_port("53/udp").unwrap(), "53/udp");
        for wrong in ["0", "65536", "80/http", "http", ""] {
            assert!(parse_port(wrong).is_err(), "{wrong}");
        }
    }
}
