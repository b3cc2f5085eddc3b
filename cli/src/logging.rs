//! What is shown of the log: decisions of the compiler with `-v -v`, or what `WASMC_LOG` says.
//!
//! A record is a line on standard error: its target without `wasmc::`, and what it says. Everything
//! but the target `wasmc::time` is the same whenever the same is compiled.

use std::sync::OnceLock;

use env_filter::{Builder, Filter};
use log::{LevelFilter, Log, Metadata, Record};

use crate::environment;
use crate::report::{self, Failure};

/// Shows the log as the number of `-v`s and the environment want it.
pub fn install(verbosity: u8) -> Result<(), Failure> {
    let filter = match environment::log_filter() {
        Some(text) => Builder::new()
            .try_parse(&text)
            .map_err(|error| {
                let variable = environment::LOG_VARIABLE;
                Failure::usage(format!("failed to read {variable}=`{text}`: {error}")).hint(
                    format!("for example {variable}=debug, or {variable}=wasmc::plan=trace"),
                )
            })?
            .build(),
        None => Builder::new()
            .filter(Some("wasmc"), level(verbosity))
            .build(),
    };
    log::set_max_level(filter.filter());
    if filter.filter() != LevelFilter::Off {
        static LOGGER: OnceLock<Logger> = OnceLock::new();
        let logger = LOGGER.get_or_init(|| Logger { filter });
        log::set_logger(logger).expect("no log was installed before");
    }
    Ok(())
}

/// One `-v` is for what the commands report themselves.
fn level(verbosity: u8) -> LevelFilter {
    match verbosity {
        0 | 1 => LevelFilter::Off,
        2 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    }
}

#[derive(Debug)]
struct Logger {
    filter: Filter,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.filter.matches(record) {
            let target = record.target();
            let target = target.strip_prefix("wasmc::").unwrap_or(target);
            report::log_line(&format!("{target}: {}", record.args()));
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_flags_show_more() {
        let levels: Vec<_> = (0..5).map(level).collect();
        assert_eq!(levels[1], LevelFilter::Off);
        assert!(levels.is_sorted());
    }
}
