//! The file system of an image around its executable: what programs and engines expect to find.

use crate::error::Result;
use crate::layer::{Node, Owner, Tree};

/// The user that programs run as unless another is asked for: the same number as in other images
/// without a distribution.
pub const NONROOT: Owner = Owner {
    uid: 65532,
    gid: 65532,
};

/// The home of [`NONROOT`].
pub const HOME: &str = "/home/nonroot";
/// Where programs look for the certificates of authorities.
pub const CA_CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

const PASSWD: &str = "\
root:x:0:0:root:/:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
";
const GROUP: &str = "\
root:x:0:
nobody:x:65534:
nonroot:x:65532:
";
const NSSWITCH: &str = "hosts: files dns\n";

/// The tree that all images share: accounts, `/tmp`, a home.
pub fn base() -> Result<Tree> {
    let mut tree = Tree::new();
    tree.insert("/etc/passwd", Node::file(PASSWD))?;
    tree.insert("/etc/group", Node::file(GROUP))?;
    tree.insert("/etc/nsswitch.conf", Node::file(NSSWITCH))?;
    tree.insert("/tmp", Node::folder().mode(0o1777))?;
    tree.insert(HOME, Node::folder().mode(0o700).owner(NONROOT))?;
    Ok(tree)
}
