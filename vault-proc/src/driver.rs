//! The test driver: a socket in place of the window. Never part of a shipped build.
//!
//! It feeds the same [`Desk`] by the same functions as the window does, and keeps the picture that the window
//! would show. One JSON object per line is a request, one per line is its answer. Several threads wait for
//! clients, so that one that waits for something does not keep others out.

mod requests;

use crate::desk::Desk;
use crate::lines::{Arrival, Inbox};
use crate::wiping;
use bulkhead_rules::Process;
use requests::{Done, Waiting};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Names the socket.
const VARIABLE: &str = "BULKHEAD_TEST_DRIVER";
/// Clients at the same time.
const CLIENTS: usize = 4;

/// A request and where its answer goes.
pub struct Asked {
    /// The request.
    pub request: Value,
    /// Where the answer goes.
    pub answer: Sender<Value>,
}

/// Listens where the environment says; nowhere if the release is only being tried, as another one may listen there.
pub fn listen(trial: bool) -> Result<Option<UnixListener>, String> {
    if trial {
        return Ok(None);
    }
    let path = std::env::var_os(VARIABLE).ok_or_else(|| format!("{VARIABLE} does not name a socket"))?;
    let _ = std::fs::remove_file(&path);
    UnixListener::bind(&path).map(Some).map_err(|error| format!("the test driver's socket cannot be made: {error}"))
}

/// Runs until a test, or the launcher, ends it.
pub fn run(
    listener: Option<UnixListener>,
    mut desk: Desk,
    inbox: &Inbox,
    arrivals: &Receiver<Arrival>,
) -> Result<ExitCode, String> {
    for listener in std::iter::repeat_n(listener.as_ref(), CLIENTS).flatten() {
        let listener = listener.try_clone().map_err(|error| error.to_string())?;
        let inbox = inbox.clone();
        std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                // A client that goes away has only ended itself.
                let _ = serve(client, &inbox);
            }
        });
    }
    desk.set_clipboard(Box::new(Pasteboard::default()));
    desk.set_display(None);
    desk.resize(1280, 800, 1.0);
    bulkhead_rules::steady(Process::Vault).map_err(|error| error.to_string())?;
    let mut waiting: Vec<Waiting> = Vec::new();
    loop {
        let soon = Duration::from_millis(if waiting.is_empty() { 250 } else { 10 });
        let pause = desk.on_time().map_or(soon, |next| next.saturating_duration_since(Instant::now()).min(soon));
        let mut batch = Vec::new();
        match arrivals.recv_timeout(pause) {
            Ok(first) => {
                batch.push(first);
                batch.extend(arrivals.try_iter().take(127));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        for arrival in batch {
            match arrival {
                Arrival::Asked(Asked { request, answer }) => match requests::begin(&mut desk, &request) {
                    Ok(Done::Now(value)) => drop(answer.send(value)),
                    Ok(Done::Later(until)) => waiting.push(Waiting { until, answer }),
                    Err(why) => drop(answer.send(json!({ "error": why }))),
                },
                other => desk.arrive(vec![other]),
            }
        }
        desk.finish();
        desk.judge_start();
        if desk.wants_paint() {
            desk.paint();
        }
        // Nobody looks: what the screen would have to show is in the picture already.
        let _ = desk.painter.take_damage();
        waiting.retain_mut(|wait| !wait.settle(&mut desk));
        if std::mem::take(&mut desk.wishes.forget) {
            wiping::stack();
        }
        if desk.wishes.quit {
            break;
        }
    }
    desk.close();
    // Answers leave on the clients' threads.
    std::thread::sleep(Duration::from_millis(50));
    Ok(ExitCode::SUCCESS)
}

fn serve(client: UnixStream, inbox: &Inbox) -> std::io::Result<()> {
    let mut out = client.try_clone()?;
    for line in BufReader::new(client).lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let reply = match serde_json::from_str(&line) {
            Ok(request) => {
                let (answer, reply) = channel();
                inbox.put(Arrival::Asked(Asked { request, answer }));
                reply.recv().unwrap_or_else(|_| json!({ "error": "the program ended" }))
            }
            Err(_) => json!({ "error": "not a JSON object on one line" }),
        };
        out.write_all(format!("{reply}\n").as_bytes())?;
    }
    Ok(())
}

/// A clipboard without a desktop.
#[derive(Default)]
struct Pasteboard(Option<String>);

impl bulkhead_canvas::core::Clipboard for Pasteboard {
    fn read(&self, _: bulkhead_canvas::core::clipboard::Kind) -> Option<String> {
        self.0.clone()
    }

    fn write(&mut self, _: bulkhead_canvas::core::clipboard::Kind, contents: String) {
        self.0 = Some(contents);
    }
}
