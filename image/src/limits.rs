//! How much is accepted from outside.

/// Most bytes of a manifest, an index or a configuration. The distribution specification asks
/// registries to accept 4 MiB.
pub const MANIFEST: u64 = 4 << 20;
/// Most bytes of a module, compressed or not, and of all layers that are unpacked in memory to find
/// one: past the compiler's own limit, so that it is the one that complains.
pub const MODULE: u64 = (1 << 30) + 1;
/// Most bytes of a blob that is only passed on to a file.
pub const BLOB: u64 = 16 << 30;
/// Most bytes that are looked at to find a module in an image, compressed and not, in all layers of
/// all its platforms.
pub const SEARCH: u64 = 2 << 30;
/// Most bytes of a path in a layer: Linux's own limit.
pub const PATH: usize = 4096;
/// Most files that are unpacked, with the folders that they lie in.
pub const FILES: usize = 1 << 18;
/// Most manifests in an index, and layers in a manifest, that are looked at.
pub const CHILDREN: usize = 1024;
/// Most bytes of what a registry says about an error, and of a token.
pub const ANSWER: u64 = 1 << 20;
