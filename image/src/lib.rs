//! Container images from static executables, and modules from container images, without an engine.
//!
//! Building is pure: [`layer`] and [`root`] make file systems, [`build`] makes an image of them as
//! [`Blob`]s, and [`archive`] lays those out as one file or as a folder. The same input gives the
//! same bytes. [`store`] reads such files, [`registry`] moves blobs to and from registries. [`module`] finds the WebAssembly
//! module in whatever people have pushed; [`sbom`] says what an image was made of.
//!
//! Everything that arrives from outside is hostile: digests are verified, sizes capped
//! ([`limits`]), paths confined, and credentials stay with the host that they are for.

pub mod archive;
pub mod blob;
pub mod build;
pub mod copy;
pub mod error;
pub mod layer;
pub mod limits;
pub mod module;
pub mod reference;
pub mod registry;
pub mod root;
pub mod sbom;
pub mod store;

mod manifest;
mod regular;
mod time;
pub mod unpack;

pub use blob::{Blob, Descriptor, Digest};
pub use error::{Error, Result};
pub use reference::Reference;
