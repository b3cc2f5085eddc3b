//! From names to addresses: [`hosts`], the files of the system; [`dns`], its name servers.

pub mod dns;
pub mod hosts;
