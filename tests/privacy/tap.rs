//! Listens in: records what a client sends on each connection, and hands it on, or not.

use bulkhead_tests::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

type Streams = Arc<Mutex<Vec<Vec<u8>>>>;

pub struct Tap {
    port: u16,
    streams: Streams,
}

impl Tap {
    /// In front of a relay on this machine.
    pub fn to(relay: u16) -> Result<Self, Error> {
        Self::start(move |client, number, streams| {
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, relay)) else { return };
            let (Ok(mut from_server), Ok(mut to_client)) = (server.try_clone(), client.try_clone()) else { return };
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from_server, &mut to_client);
                let _ = to_client.shutdown(Shutdown::Both);
            });
            record(client, number, &streams, |bytes, _| (&server).write_all(bytes).is_ok());
            let _ = server.shutdown(Shutdown::Both);
        })
    }

    /// Never answers.
    pub fn deaf() -> Result<Self, Error> {
        Self::start(|client, number, streams| record(client, number, &streams, |_, _| true))
    }

    /// Takes any SOCKS5 user, and connects to nothing.
    pub fn proxy() -> Result<Self, Error> {
        Self::start(|client, number, streams| {
            let Ok(mut answers) = client.try_clone() else { return };
            record(client, number, &streams, |_, turn| {
                // Method, user, and then a refusal.
                let answer: &[u8] = match turn {
                    0 => &[5, 2],
                    1 => &[1, 0],
                    _ => &[5, 4, 0, 1, 0, 0, 0, 0, 0, 0],
                };
                answers.write_all(answer).is_ok()
            });
        })
    }

    fn start(serve: impl Fn(TcpStream, usize, Streams) + Send + Clone + 'static) -> Result<Self, Error> {
        let failed = |error| Error::System("listening in", error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let streams = Streams::default();
        let recorded = streams.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let number = {
                    let mut streams = recorded.lock().unwrap_or_else(PoisonError::into_inner);
                    streams.push(Vec::new());
                    streams.len() - 1
                };
                let (serve, recorded) = (serve.clone(), recorded.clone());
                std::thread::spawn(move || serve(client, number, recorded));
            }
        });
        Ok(Self { port, streams })
    }

    /// Its address.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// What was sent so far, by connection.
    pub fn streams(&self) -> Vec<Vec<u8>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Records until the client ends or `on` says so; `on` gets what came, and how often something has come before.
fn record(mut client: TcpStream, number: usize, streams: &Streams, mut on: impl FnMut(&[u8], usize) -> bool) {
    let mut buffer = vec![0; 65_536];
    for turn in 0.. {
        let Ok(length @ 1..) = client.read(&mut buffer) else { return };
        streams.lock().unwrap_or_else(PoisonError::into_inner)[number].extend_from_slice(&buffer[..length]);
        if !on(&buffer[..length], turn) {
            return;
        }
    }
}
