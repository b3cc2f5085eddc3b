//! What was a server told? `--listen`, `--workers`, `--reuse`, `--request-timeout`, `--access-log`.

use crate::options::run_options;
use wasmc_abi::options::{
    DEFAULT_LISTEN, DEFAULT_REQUEST_TIMEOUT, DEFAULT_WORKERS, RunOption, kinds,
};

/// Most addresses that a server listens at.
pub const MAX_ADDRESSES: usize = 8;

/// What a server was told.
pub struct Settings {
    /// Addresses to listen at, as written; empty ones are none.
    pub addresses: [&'static [u8]; MAX_ADDRESSES],
    /// Most workers.
    pub workers: usize,
    /// How many requests an instance answers.
    pub reuse: u64,
    /// Nanoseconds that a request may take.
    pub timeout: u64,
    /// Whether every request is logged.
    pub logs: bool,
}

/// Reads the options: the last one of each kind counts, but for addresses, of which all do.
pub fn read() -> Settings {
    let mut settings = Settings {
        addresses: [b""; MAX_ADDRESSES],
        workers: DEFAULT_WORKERS as usize,
        reuse: 1,
        timeout: DEFAULT_REQUEST_TIMEOUT,
        logs: false,
    };
    let mut count = 0;
    for option in run_options(kinds::SERVER | kinds::LISTEN) {
        match option {
            RunOption::Listen { address } => {
                if let Some(slot) = settings.addresses.get_mut(count) {
                    *slot = address;
                    count += 1;
                }
            }
            RunOption::Workers(workers) => settings.workers = workers as usize,
            RunOption::Reuse(reuse) => settings.reuse = reuse,
            RunOption::RequestTimeout { nanoseconds } => settings.timeout = nanoseconds,
            RunOption::AccessLog => settings.logs = true,
            _ => {}
        }
    }
    if count == 0 {
        settings.addresses[0] = DEFAULT_LISTEN;
    }
    settings
}
