//! Stands before a relay, and kills a process at one of the relay's acknowledgements.

use bulkhead_tests::Error;
use bulkhead_tests::person::signal;
use nix::sys::signal::Signal;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// At which acknowledgement, whether after it was handed over, whom.
type Plan = Arc<Mutex<Option<(u64, bool, u32)>>>;

/// Hands bytes on both ways until the test ends.
pub struct Gate {
    url: String,
    plan: Plan,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Gate {
    /// Opens one before the relay at this address (`ws://…`).
    pub fn start(relay: &str) -> Result<Self, Error> {
        let fail = |error: std::io::Error| Error::System("opening the gate", error);
        let relay = relay.trim_start_matches("ws://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(fail)?;
        let url = format!("ws://{}", listener.local_addr().map_err(fail)?);
        let plan = Plan::default();
        let plans = plan.clone();
        let open: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let opened = open.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&relay) else { continue };
                let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else { continue };
                if let Ok(client) = client.try_clone() {
                    opened.lock().unwrap_or_else(PoisonError::into_inner).push(client);
                }
                let plan = plans.clone();
                std::thread::spawn(move || hand_on(from, to, None));
                std::thread::spawn(move || hand_on(server, client, Some(plan)));
            }
        });
        Ok(Self { url, plan, open })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Kills a process before, or after, the acknowledgement of this number from now on, from 1, is handed over.
    pub fn kill_at(&self, number: u64, after: bool, process: u32) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, after, process));
    }

    /// Cuts every connection; new ones are taken.
    pub fn cut(&self) {
        for client in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    /// Kills nobody.
    pub fn forget(&self) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, plan: Option<Plan>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..count).unwrap_or_default();
        let due = plan.as_ref().and_then(|plan| due(plan, bytes));
        if let Some((false, process)) = due {
            let _ = signal(process, Signal::SIGKILL);
        }
        if to.write_all(bytes).is_err() {
            break;
        }
        if let Some((true, process)) = due {
            let _ = signal(process, Signal::SIGKILL);
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Whether the acknowledgement that is waited for is among these bytes: what a server sends is not masked.
fn due(plan: &Plan, bytes: &[u8]) -> Option<(bool, u32)> {
    let seen = bytes.windows(5).filter(|part| part == b"[\"OK\"").count() as u64;
    let mut plan = plan.lock().unwrap_or_else(PoisonError::into_inner);
    let (left, after, process) = (*plan)?;
    if seen == 0 || left > seen {
        *plan = Some((left - seen, after, process));
        return None;
    }
    *plan = None;
    Some((after, process))
}
