//! Files of this machine that become part of an image.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::error::{Error, Result};
use crate::layer::{Node, NodeKind, ROOT, Tree};
use crate::regular;

/// Copies a file, or what is in a folder, to an absolute path of the tree. A path that ends with
/// `/` is a folder in which a file keeps its name. Symbolic links inside a folder stay links; they
/// mean files of the image. Files belong to the superuser; of their mode only whether they can be
/// executed is kept, so that the umask of a checkout does not change an image.
pub fn copy(tree: &mut Tree, from: &Path, to: &str) -> Result<()> {
    let shown = from.display();
    let failed = || format!("failed to read `{shown}`");
    let metadata = fs::metadata(from).map_err(Error::io(failed()))?;
    if metadata.is_dir() {
        tree.insert(to, Node::folder())?;
        return copy_folder(tree, from, to);
    }
    if !metadata.is_file() {
        return Err(Error::malformed(format!(
            "`{shown}` is neither a file nor a folder"
        )));
    }
    let to = match (
        to.ends_with('/'),
        from.file_name().and_then(|name| name.to_str()),
    ) {
        (true, Some(name)) => format!("{to}{name}"),
        _ => to.to_owned(),
    };
    tree.insert(&to, read_file(from, &metadata)?)
}

fn copy_folder(tree: &mut Tree, from: &Path, to: &str) -> Result<()> {
    let failed = || format!("failed to read `{}`", from.display());
    for entry in fs::read_dir(from).map_err(Error::io(failed()))? {
        let entry = entry.map_err(Error::io(failed()))?;
        let path = entry.path();
        let failed = || format!("failed to read `{}`", path.display());
        let name = entry.file_name().into_string().map_err(|_| {
            Error::malformed(format!("the name of `{}` is not UTF-8", path.display()))
        })?;
        let to = format!("{to}/{name}");
        let metadata = fs::symlink_metadata(&path).map_err(Error::io(failed()))?;
        if metadata.is_dir() {
            tree.insert(&to, Node::folder())?;
            copy_folder(tree, &path, &to)?;
        } else if metadata.is_symlink() {
            let target = fs::read_link(&path).map_err(Error::io(failed()))?;
            let target = target.into_os_string().into_string().map_err(|_| {
                Error::malformed(format!("the target of `{}` is not UTF-8", path.display()))
            })?;
            let link = Node {
                kind: NodeKind::Symlink(target),
                mode: 0o777,
                owner: ROOT,
            };
            tree.insert(&to, link)?;
        } else if metadata.is_file() {
            tree.insert(&to, read_file(&path, &metadata)?)?;
        } else {
            return Err(Error::malformed(format!(
                "`{}` is no file, folder or symbolic link",
                path.display()
            )));
        }
    }
    Ok(())
}

fn read_file(path: &Path, metadata: &fs::Metadata) -> Result<Node> {
    let mut content = Vec::new();
    regular::open(path)
        .and_then(|mut file| file.read_to_end(&mut content))
        .map_err(Error::io(format!("failed to read `{}`", path.display())))?;
    Ok(
        Node::file(content).mode(match metadata.permissions().mode() & 0o111 {
            0 => 0o644,
            _ => 0o755,
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_folders_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        fs::write(path("sub/run"), "#!").unwrap();
        fs::set_permissions(path("sub/run"), fs::Permissions::from_mode(0o711)).unwrap();
        fs::write(path("page"), "text").unwrap();
        fs::set_permissions(path("page"), fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink("sub/run", path("link")).unwrap();

        let mut tree = Tree::new();
        copy(&mut tree, folder.path(), "/srv").unwrap();
        copy(&mut tree, &path("page"), "/etc/").unwrap();
        copy(&mut tree, &path("link"), "/bin/run").unwrap();
        let modes: Vec<_> = tree.nodes().map(|(path, node)| (path, node.mode)).collect();
        let expected = [
            ("bin", 0o755),
            ("bin/run", 0o755),
            ("etc", 0o755),
            ("etc/page", 0o644),
            ("srv", 0o755),
            ("srv/link", 0o777),
            ("srv/page", 0o644),
            ("srv/sub", 0o755),
            ("srv/sub/run", 0o755),
        ];
        assert_eq!(modes, expected);
        assert!(copy(&mut tree, &path("absent"), "/x").is_err());
        assert!(copy(&mut tree, &path("page"), "/srv/page").is_err());
    }
}
