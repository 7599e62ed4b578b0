//! A relay implementation that we did not choose for embedding: `nostr-relay` from PyPI.

use bulkhead_tests::Error;
use bulkhead_tests::folder::{Scratch, target};
use bulkhead_tests::person::Person;
use bulkhead_tests::relay::free_port;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PACKAGE: &str = "nostr-relay==1.14";

struct PythonRelay(Child);

impl Drop for PythonRelay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(command: &mut Command) -> Result<(), Error> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| Error::System("starting Python", e))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(Error::Relay(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// Installs the relay into a virtual environment under `target`, once.
fn environment() -> Result<std::path::PathBuf, Error> {
    let folder = target().join("nostr-relay-venv");
    let program = folder.join("bin/nostr-relay");
    if !program.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", PACKAGE]))?;
    }
    program.canonicalize().map_err(|e| Error::System("finding nostr-relay", e))
}

fn start(folder: &Scratch, port: u16) -> Result<PythonRelay, Error> {
    let settings = folder.path().join("relay.yaml");
    let database = folder.path().join("nostr.sqlite3");
    let text = format!(
        "DEBUG: false\nrelay_name: judge\nstorage:\n  sqlalchemy.url: sqlite+aiosqlite:///{}\n  max_event_size: 131072\n\
         max_event_size: 131072\ngunicorn:\n  bind: 127.0.0.1:{port}\n  workers: 1\n  loglevel: warning\n",
        database.display()
    );
    std::fs::write(&settings, text).map_err(|e| Error::System("writing the relay's settings", e))?;
    let mut command = Command::new(environment()?);
    command.arg("-c").arg(&settings).arg("serve").current_dir(folder.path()).stdin(Stdio::null());
    let log =
        std::fs::File::create(folder.path().join("log")).map_err(|e| Error::System("opening the relay's log", e))?;
    let relay = PythonRelay(
        command.stdout(Stdio::null()).stderr(log).spawn().map_err(|e| Error::System("starting the relay", e))?,
    );
    let deadline = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > deadline {
            return Err(Error::Relay(std::fs::read_to_string(folder.path().join("log")).unwrap_or_default()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(relay)
}

#[test]
fn two_people_chat_over_a_foreign_relay() -> Result<(), Error> {
    let (folder, port) = (Scratch::new()?, free_port()?);
    let _relay = start(&folder, port)?;
    let url = format!("ws://127.0.0.1:{port}");
    let (alice, bob) = Person::couple(&[&url])?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    let texts = ["short".to_owned(), "x".repeat(20_000), "мир".to_owned()];
    for text in &texts {
        b.driver.send("Alice", text)?;
    }
    a.driver.wait("Bob", texts.len())?;
    assert_eq!(a.driver.texts("Bob")?, texts);
    assert!(b.quit()?.success());
    let sent = a.driver.send("Bob", "while you slept")?;
    a.driver.wait_state("Bob", sent, "at_relay")?;
    let mut b = bob.open()?;
    b.driver.wait("Alice", texts.len() + 1)?;
    a.driver.wait_state("Bob", sent, "delivered")
}
