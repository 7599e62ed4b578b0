//! What the rules' placeholders stand for at this start.

use crate::{Launch, Process};
use std::path::PathBuf;

/// Each is what `{name}` means in a rule's path or port; see `rules/check.rs`.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// The process's own program.
    pub exe: Option<PathBuf>,
    /// The profile's folder.
    pub data: Option<PathBuf>,
    /// The folder of what was fetched and is not judged yet.
    pub staging: Option<PathBuf>,
    /// The user's home, for fonts and pointers that the user installed.
    pub home: Option<PathBuf>,
    /// The file that admits programs to the X server.
    pub xauthority: Option<PathBuf>,
    /// The folder of the test driver's socket; never set in shipped builds.
    pub driver: Option<PathBuf>,
    /// The SOCKS proxy's port.
    pub proxy: Option<u16>,
}

impl Places {
    pub fn new(launch: &Launch<'_>) -> Self {
        let own = |whose: Process| launch.data.filter(|_| launch.process == whose).map(PathBuf::from);
        let variable = |name: &str| (launch.environment)(name).map(PathBuf::from);
        Self {
            exe: Some(launch.program.to_path_buf()),
            data: own(Process::Vault),
            staging: own(Process::Update),
            home: variable("HOME"),
            xauthority: variable("XAUTHORITY"),
            #[cfg(feature = "test-driver")]
            driver: variable("BULKHEAD_TEST_DRIVER").and_then(|socket| socket.parent().map(PathBuf::from)),
            #[cfg(not(feature = "test-driver"))]
            driver: None,
            proxy: launch.proxy,
        }
    }
}
