//! The descriptor numbers that each process finds open at its start. Nothing else is open but 0, 1 and 2.

use std::os::fd::RawFd;

/// `bulkhead-net`: [`crate::post`].
pub const NET_POST: RawFd = 3;
/// `bulkhead-net`: [`crate::sign`].
pub const NET_SIGN: RawFd = 4;

/// `bulkhead-ui`: [`crate::pixels`].
pub const UI_PIXELS: RawFd = 3;
/// `bulkhead-ui`: [`crate::intent`].
pub const UI_INTENT: RawFd = 4;

/// `bulkhead-vault`: [`crate::post`].
pub const VAULT_POST: RawFd = 3;
/// `bulkhead-vault`: [`crate::sign`].
pub const VAULT_SIGN: RawFd = 4;
/// `bulkhead-vault`: [`crate::pixels`].
pub const VAULT_PIXELS: RawFd = 5;
/// `bulkhead-vault`: [`crate::intent`].
pub const VAULT_INTENT: RawFd = 6;
/// `bulkhead-vault`: [`crate::control`].
pub const VAULT_CONTROL: RawFd = 7;
/// `bulkhead-vault`: [`crate::seal`].
pub const VAULT_SEAL: RawFd = 8;
/// `bulkhead-vault`: [`crate::keyring`].
pub const VAULT_KEYRING: RawFd = 9;

/// `bulkhead-seal`: [`crate::seal`].
pub const SEAL_LINE: RawFd = 3;
/// `bulkhead-seal`: the TPM, opened by the launcher: commands are written, answers are read.
pub const SEAL_TPM: RawFd = 4;

/// `bulkhead-keyring`: [`crate::keyring`].
pub const KEYRING_LINE: RawFd = 3;
/// `bulkhead-keyring`: the desktop's session bus, connected by the launcher, and nothing said or heard there yet.
pub const KEYRING_BUS: RawFd = 4;
