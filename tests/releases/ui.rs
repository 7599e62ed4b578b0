//! The ui of a later release: the real one, with that release's rules, and it connects somewhere as soon as it is started often
//! enough. Its maker behaves while it is tried.

#[path = "../../ui-proc/src/lines.rs"]
mod lines;

use bulkhead_ipc::descriptors::{UI_INTENT, UI_PIXELS};
use bulkhead_ipc::line::inherit;
use bulkhead_rules::{Process, require_sandbox, steady};
use lines::{Error, Lines};
use std::net::{Ipv4Addr, TcpStream};
use std::process::ExitCode;

/// Where to connect to, and from which start on: no argument and no variable reaches ui, so the judge writes it into
/// the program.
static ORDERS: [u8; 40] = *b"orders: port 00000 from the 0th start on";

fn main() -> ExitCode {
    require_sandbox();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-ui: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let life = std::env::args().nth(2).and_then(|life| life.parse().ok()).ok_or(Error::Arguments)?;
    let lines = Lines::new(life, inherit(UI_PIXELS)?, inherit(UI_INTENT)?);
    bulkhead_canvas::fonts::install("en-US");
    drop(std::collections::HashMap::<u8, u8>::new());
    steady(Process::Ui)?;
    if let Some((port, start)) = orders()
        && life >= start
    {
        call_home(port);
    }
    lines.serve()
}

fn orders() -> Option<(u16, u32)> {
    let orders = std::str::from_utf8(std::hint::black_box(&ORDERS)).ok()?;
    Some((orders.get(13..18)?.parse().ok()?, orders.get(28..29)?.parse().ok()?))
}

fn call_home(port: u16) {
    let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
}
