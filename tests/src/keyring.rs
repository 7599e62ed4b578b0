//! A desktop's session bus with a keyring: the real `dbus-daemon` and `gnome-keyring-daemon`, without a desktop.

use crate::folder::Scratch;
use crate::{Error, system};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Who logs in has this password, and the keyring with them.
const LOGIN: &[u8] = b"the login password";
/// The collection that such a desktop has.
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";

/// A bus that nobody reaches but who is told where it is.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=BUS</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"#;

/// A session of somebody's desktop. What the keyring holds outlives its service.
#[derive(Debug)]
pub struct Keyring {
    folder: Scratch,
    bus: Child,
    service: Option<Child>,
}

impl Keyring {
    /// A session with an open keyring.
    pub fn new() -> Result<Self, Error> {
        let folder = Scratch::new()?;
        let (socket, rules) = (folder.path().join("bus"), folder.path().join("bus.conf"));
        std::fs::write(&rules, BUS.replace("BUS", &socket.display().to_string())).map_err(system("writing rules"))?;
        let mut command = Command::new("dbus-daemon");
        command.arg(format!("--config-file={}", rules.display())).args(["--nofork", "--nopidfile"]);
        let bus = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(system("dbus-daemon"))?;
        let mut keyring = Self { folder, bus, service: None };
        until("the bus", || socket.exists())?;
        keyring.on()?;
        Ok(keyring)
    }

    /// What a program of this session has in its environment.
    pub fn environment(&self) -> (&'static str, OsString) {
        ("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", self.folder.path().join("bus").display()).into())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let (name, value) = self.environment();
        let folder = self.folder.path();
        command.env(name, value).env("HOME", folder).env("XDG_RUNTIME_DIR", folder);
        command.env("XDG_DATA_HOME", folder.join("data")).stderr(Stdio::null());
        command
    }

    /// Logs in: the service runs, and its keyring is open.
    pub fn on(&mut self) -> Result<(), Error> {
        self.off();
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets", "--unlock"]).arg("--control-directory");
        command.arg(self.folder.path().join("control")).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut service = command.spawn().map_err(system("starting gnome-keyring-daemon"))?;
        let stdin = service.stdin.take();
        self.service = Some(service);
        stdin.map_or(Ok(()), |mut stdin| stdin.write_all(LOGIN)).map_err(system("typing the login password"))?;
        until("the keyring", || {
            self.calls("ReadAlias", &["string:default"]).is_ok_and(|said| said.contains(COLLECTION))
        })
    }

    /// The service is gone.
    pub fn off(&mut self) {
        if let Some(mut service) = self.service.take() {
            let _ = service.kill();
            let _ = service.wait();
        }
    }

    /// The service is there and does not answer (`false`), or does again.
    pub fn answers(&self, again: bool) -> Result<(), Error> {
        let signal = if again { Signal::SIGCONT } else { Signal::SIGSTOP };
        let process = self.service.as_ref().and_then(|service| i32::try_from(service.id()).ok());
        let process = process.ok_or_else(|| Error::Odd("no service runs".into()))?;
        kill(Pid::from_raw(process), signal).map_err(|error| system("stopping the service")(error.into()))
    }

    /// Locks the keyring, as its own program does.
    pub fn lock(&self) -> Result<(), Error> {
        self.calls("Lock", &[&format!("array:objpath:{COLLECTION}")]).map(drop)
    }

    fn calls(&self, method: &str, arguments: &[&str]) -> Result<String, Error> {
        let mut command = self.command("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"]);
        command.arg(format!("org.freedesktop.Secret.Service.{method}")).args(arguments);
        let output = command.output().map_err(system("starting dbus-send"))?;
        said(&output)
    }

    /// What another program of the same user finds in the keyring: each item with its secret.
    pub fn items(&self) -> Result<Vec<String>, Error> {
        let mut command = self.command("secret-tool");
        let output = command.args(["search", "--all", "xdg:schema", "org.bulkhead.Profile"]).output();
        let output = output.map_err(system("starting secret-tool"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.split("[/").skip(1).map(str::to_owned).collect())
    }

    /// The name of the one item that is there.
    pub fn name(&self) -> Result<String, Error> {
        // The attributes are told on standard error.
        let mut command = self.command("secret-tool");
        command.args(["search", "--all", "xdg:schema", "org.bulkhead.Profile"]).stderr(Stdio::piped());
        let output = command.output().map_err(system("starting secret-tool"))?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let name = text.lines().find_map(|line| line.strip_prefix("attribute.profile = "));
        name.map(str::to_owned).ok_or_else(|| Error::Odd(format!("no item has a name: {text}")))
    }

    /// Another program removes an item.
    pub fn clear(&self, name: &str) -> Result<(), Error> {
        let mut command = self.command("secret-tool");
        command.args(["clear", "xdg:schema", "org.bulkhead.Profile", "profile", name]);
        command.status().map_err(system("starting secret-tool")).map(drop)
    }

    /// Another program puts something else in an item's place.
    pub fn replace(&self, name: &str, secret: &str) -> Result<(), Error> {
        let mut command = self.command("secret-tool");
        command.args(["store", "--label=something else", "xdg:schema", "org.bulkhead.Profile", "profile", name]);
        let mut child = command.stdin(Stdio::piped()).spawn().map_err(system("starting secret-tool"))?;
        let typed = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(secret.as_bytes()));
        typed.and_then(|()| child.wait()).map_err(system("storing a secret")).map(drop)
    }

    /// The keyring's file, as it lies on the disk.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("data/keyrings/login.keyring")
    }
}

fn said(output: &Output) -> Result<String, Error> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(text) } else { Err(Error::Odd(format!("the call failed: {text}"))) }
}

fn until(what: &str, done: impl Fn() -> bool) -> Result<(), Error> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        if Instant::now() > deadline {
            return Err(Error::Odd(format!("{what} does not begin")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

impl Drop for Keyring {
    fn drop(&mut self) {
        self.off();
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}
