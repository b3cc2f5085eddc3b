//! The registry client, and what it finds in registries.

mod client;
mod modules;
mod server;
