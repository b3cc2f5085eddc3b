//! Layers: file trees as compressed tar archives that depend on nothing but their content.
//!
//! Entries are sorted, owners and modes are the tree's own, and all times are one time that the
//! caller chooses; the same tree gives the same bytes on every machine.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

use crate::blob::{Blob, Digest, media};
use crate::error::{Error, Result};

/// Who owns a file: user and group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

/// The superuser, to whom whatever the program must not change belongs.
pub const ROOT: Owner = Owner { uid: 0, gid: 0 };

/// A file of a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits.
    pub mode: u32,
    /// Its owner.
    pub owner: Owner,
}

/// What a file of a tree is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NodeKind {
    /// A folder.
    Folder,
    /// A regular file with its content.
    File(Vec<u8>),
    /// A symbolic link with its target.
    Symlink(String),
}

impl Node {
    /// A folder that all may read.
    pub fn folder() -> Node {
        Node {
            kind: NodeKind::Folder,
            mode: 0o755,
            owner: ROOT,
        }
    }

    /// A file that all may read.
    pub fn file(content: impl Into<Vec<u8>>) -> Node {
        Node {
            kind: NodeKind::File(content.into()),
            mode: 0o644,
            owner: ROOT,
        }
    }

    /// The same with other permission bits.
    pub fn mode(self, mode: u32) -> Node {
        Node { mode, ..self }
    }

    /// The same with another owner.
    pub fn owner(self, owner: Owner) -> Node {
        Node { owner, ..self }
    }
}

/// A file tree. Paths have no `/` at either end.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Tree {
        Tree::default()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The nodes, parents before children.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// The node at a path.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Puts a node at an absolute path; folders on the way are made. A folder may be put where one
    /// is, and gets the new mode; everything else must be new.
    pub fn insert(&mut self, path: &str, node: Node) -> Result<()> {
        let path = normalise(path)?;
        if path.is_empty() {
            return match node.kind {
                NodeKind::Folder => Ok(()),
                _ => Err(Error::malformed("`/` has to be a folder")),
            };
        }
        for (at, _) in path.match_indices('/') {
            let parent = &path[..at];
            let folder = self
                .nodes
                .entry(parent.to_owned())
                .or_insert_with(Node::folder);
            if folder.kind != NodeKind::Folder {
                return Err(Error::malformed(format!(
                    "`/{parent}` is no folder: `/{path}` cannot be put there"
                )));
            }
        }
        let both_folders = |old: &Node| old.kind == node.kind && node.kind == NodeKind::Folder;
        if self.nodes.get(&path).is_some_and(|old| !both_folders(old)) {
            return Err(Error::malformed(format!("`/{path}` is there twice")));
        }
        self.nodes.insert(path, node);
        Ok(())
    }

    /// The tree as a layer; all files have this time, in seconds since 1970.
    pub fn layer(&self, time: u64) -> Result<Layer> {
        let tar = self
            .tar(time)
            .map_err(Error::io("failed to write a layer"))?;
        let diff_id = Digest::of(&tar);
        // No name and no time in the header, or the bytes would depend on them.
        let mut gzip = GzBuilder::new()
            .mtime(0)
            .operating_system(255)
            .write(Vec::new(), Compression::best());
        let compressed = gzip.write_all(&tar).and_then(|()| gzip.finish());
        let compressed = compressed.map_err(Error::io("failed to compress a layer"))?;
        Ok(Layer {
            blob: Blob::new(media::LAYER, compressed),
            diff_id,
        })
    }

    fn tar(&self, time: u64) -> std::io::Result<Vec<u8>> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, node) in &self.nodes {
            let mut header = Header::new_gnu();
            header.set_mode(node.mode);
            header.set_uid(u64::from(node.owner.uid));
            header.set_gid(u64::from(node.owner.gid));
            header.set_mtime(time);
            header.set_size(0);
            match &node.kind {
                NodeKind::Folder => {
                    header.set_entry_type(EntryType::Directory);
                    tar.append_data(&mut header, format!("{path}/"), &[][..])?;
                }
                NodeKind::File(content) => {
                    header.set_entry_type(EntryType::Regular);
                    header.set_size(content.len() as u64);
                    tar.append_data(&mut header, path, &content[..])?;
                }
                NodeKind::Symlink(target) => {
                    header.set_entry_type(EntryType::Symlink);
                    tar.append_link(&mut header, path, target)?;
                }
            }
        }
        tar.into_inner()
    }
}

/// A layer of an image.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The compressed archive.
    pub blob: Blob,
    /// The digest of the archive before compression.
    pub diff_id: Digest,
}

/// A path of an image without `/` at either end, `.` and empty parts; `..` is refused.
pub fn normalise(path: &str) -> Result<String> {
    let shown = path.escape_debug();
    if path.contains('\0') {
        return Err(Error::malformed(format!("`{shown}` contains a NUL")));
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(Error::malformed(format!("`{shown}` contains `..`"))),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_insertion_does_not_matter() {
        let nodes = [
            ("/b/c", Node::file("c")),
            ("/b", Node::folder().mode(0o1777)),
            ("/a", Node::file("a").mode(0o755)),
        ];
        let mut forth = Tree::new();
        let mut back = Tree::new();
        for (path, node) in nodes.clone() {
            forth.insert(path, node).unwrap();
        }
        for (path, node) in nodes.into_iter().rev() {
            back.insert(path, node).unwrap();
        }
        let layer = forth.layer(7).unwrap();
        assert_eq!(layer.blob.digest, back.layer(7).unwrap().blob.digest);
        assert_ne!(layer.blob.digest, forth.layer(8).unwrap().blob.digest);
        assert_eq!(forth.get("b").unwrap().mode, 0o1777);
    }

    #[test]
    fn conflicts_are_errors() {
        let mut tree = Tree::new();
        tree.insert("/a", Node::file("")).unwrap();
        assert!(tree.insert("a", Node::file("")).is_err());
        assert!(tree.insert("a/b", Node::file("")).is_err());
        assert!(tree.insert("/a", Node::folder()).is_err());
        assert!(tree.insert("/x/../y", Node::file("")).is_err());
        assert!(tree.insert("//x/./y/", Node::file("")).is_ok());
        assert!(tree.get("x/y").is_some());
    }

    #[test]
    fn long_names_survive() {
        let mut tree = Tree::new();
        let path = format!("{}/{}", "a".repeat(120), "b".repeat(150));
        tree.insert(&path, Node::file("content")).unwrap();
        let tar = tree.tar(0).unwrap();
        let mut archive = tar::Archive::new(&tar[..]);
        let names: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names, [format!("{}/", "a".repeat(120)), path]);
    }
}
