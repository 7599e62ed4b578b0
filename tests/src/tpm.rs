//! A TPM 2.0 in software (swtpm), which the launcher is given by `--tpm`.

use crate::folder::Scratch;
use crate::{Error, system};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A machine's TPM. Its memory outlives its being switched off.
#[derive(Debug)]
pub struct Tpm {
    folder: Scratch,
    process: Option<Child>,
}

impl Tpm {
    /// A new one, switched on.
    pub fn new() -> Result<Self, Error> {
        let mut tpm = Self { folder: Scratch::new()?, process: None };
        tpm.on()?;
        Ok(tpm)
    }

    /// The launcher's words for it.
    pub fn arguments(&self) -> [OsString; 2] {
        ["--tpm".into(), self.socket().into()]
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("tpm")
    }

    /// Switches it on. It talks to one program at a time.
    pub fn on(&mut self) -> Result<(), Error> {
        self.off();
        let state = format!("dir={}", self.folder.path().display());
        let server = format!("type=unixio,path={}", self.socket().display());
        let mut command = Command::new("swtpm");
        command.args(["socket", "--tpm2", "--tpmstate", &state, "--server", &server]);
        command.args(["--flags", "not-need-init,startup-clear"]).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().map_err(system("starting swtpm"))?);
        let deadline = Instant::now() + Duration::from_secs(20);
        // Its socket has a name a moment before anybody listens there.
        while UnixStream::connect(self.socket()).is_err() {
            if Instant::now() > deadline {
                return Err(Error::Odd("swtpm does not listen".into()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Gives it a lockout password, as `tpm2_changeauth -c lockout` does: then its count of wrong PINs is guarded.
    pub fn guard(&self) -> Result<(), Error> {
        // TPM2_HierarchyChangeAuth for TPM_RH_LOCKOUT by the empty password, the new one being "word".
        const COMMAND: [u8; 33] =
            *b"\x80\x02\0\0\0\x21\0\0\x01\x29\x40\0\0\x0a\0\0\0\x09\x40\0\0\x09\0\0\0\0\0\0\x04word";
        let mut stream = UnixStream::connect(self.socket()).map_err(system("connecting to swtpm"))?;
        stream.write_all(&COMMAND).map_err(system("writing to swtpm"))?;
        let mut answer = [0; 19];
        stream.read_exact(&mut answer).map_err(system("reading from swtpm"))?;
        let code = answer.get(6..10).unwrap_or_default();
        if code == [0; 4] { Ok(()) } else { Err(Error::Odd(format!("swtpm refuses a password: {code:x?}"))) }
    }

    /// Switches it off.
    pub fn off(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = std::fs::remove_file(self.socket());
    }

    /// Switches it off and has it forget everything, as whoever sells the machine does.
    pub fn clear(&mut self) -> Result<(), Error> {
        self.off();
        std::fs::remove_file(self.folder.path().join("tpm2-00.permall")).map_err(system("clearing the TPM"))
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        self.off();
    }
}
