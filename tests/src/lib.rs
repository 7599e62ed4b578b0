//! Judges from outside: attacks, crashes, promises.
//!
//! This library is what the judges share: a relay of their own, people who run the real binaries, and the
//! control socket of the `test-driver` build. It knows nothing of the insides; what it can do, a stranger's
//! test in any language can do too (see `tests/README.md`).

pub mod desktop;
pub mod driver;
pub mod folder;
pub mod hands;
pub mod keyring;
pub mod person;
pub mod relay;
pub mod tpm;

/// What went wrong while judging.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused something.
    #[error("{0}: {1}")]
    System(&'static str, std::io::Error),
    /// The driver answered `{"error": …}`.
    #[error("the driver refused: {0}")]
    Refused(String),
    /// The driver said something that its description does not allow.
    #[error("the driver's answer is not as described: {0}")]
    Odd(String),
    /// The relay did not start.
    #[error("the relay did not start: {0}")]
    Relay(String),
    /// The binaries are not where `make` puts them.
    #[error("{0} is missing: run `make binaries` first")]
    Binaries(String),
}

/// Names the step that failed.
pub(crate) fn system(step: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |error| Error::System(step, error)
}
