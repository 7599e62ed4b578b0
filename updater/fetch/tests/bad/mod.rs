//! Mirrors on this machine, each with a mood.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use bulkhead_fetch::address::Address;
use bulkhead_fetch::dial::Dialer;
use bulkhead_fetch::mirrors::Mirrors;
use bulkhead_fetch::pace::Patience;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_rustls::rustls::RootCertStore;

/// How a mirror serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Good,
    /// In chunks (RFC 9112, 7.1).
    Chunked,
    /// Without a length, as HTTP/1.0 does.
    Unsized,
    /// Knows no ranges.
    Whole,
    /// A byte, and a byte, and a byte.
    Slow,
    /// Connects and says nothing.
    Silent,
    /// Never stops, and does not say how long it will be.
    Endless,
    /// Never stops, in chunks.
    EndlessChunks,
    /// A head that never ends.
    EndlessHead,
    /// Announces more than there can be.
    Oversized,
    /// Ends after this share of the bytes, in percent.
    Truncated(usize),
    /// Sends other bytes of the same length.
    Wrong,
    /// Has nothing.
    Missing,
    /// Fails inside.
    Broken,
    /// Sends the reader elsewhere.
    Elsewhere,
    /// Speaks something else.
    Garbage,
    /// Two lengths: which one holds is anybody's guess.
    TwoLengths,
    /// Answers a range with another one.
    OtherRange,
    /// Every second time good, every other time truncated.
    Alternating,
    /// Good, and so many milliseconds away.
    Away(u64),
}

pub type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A mirror, and what it was asked for.
pub struct Mirror {
    pub address: Address,
    pub asked: Arc<Mutex<Vec<String>>>,
    pub sent: Arc<AtomicUsize>,
}

pub async fn mirror(mood: Mood, files: &Files) -> Mirror {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::parse(&format!("http://{}/mirror/", listener.local_addr().unwrap())).unwrap();
    let (asked, sent) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (files, log, count) = (files.clone(), asked.clone(), sent.clone());
    tokio::spawn(async move {
        let mut turn = 0;
        while let Ok((stream, _)) = listener.accept().await {
            turn += 1;
            let mood = match mood {
                Mood::Alternating if turn % 2 == 0 => Mood::Good,
                Mood::Alternating => Mood::Truncated(50),
                other => other,
            };
            tokio::spawn(answer(stream, mood, files.clone(), log.clone(), count.clone()));
        }
    });
    Mirror { address, asked, sent }
}

/// Answers one request on any stream. A client that goes away ends it.
pub async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mood: Mood,
    files: Files,
    log: Arc<Mutex<Vec<String>>>,
    sent: Arc<AtomicUsize>,
) -> Option<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    if let Mood::Away(milliseconds) = mood {
        sleep(Duration::from_millis(milliseconds)).await;
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().strip_prefix("/mirror/")?.to_owned();
    let range = request.lines().find_map(|line| line.strip_prefix("Range: bytes=")?.strip_suffix('-')?.parse().ok());
    log.lock().unwrap().push(path.clone());
    let file = files.lock().unwrap().get(&path).cloned();
    let Some(file) = file.filter(|_| mood != Mood::Missing) else {
        return send(&mut stream, &sent, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    };
    let from: usize = range.filter(|_| mood != Mood::Whole).unwrap_or(0);
    let body = &file[from..];
    let first = if from > 0 {
        let from = if mood == Mood::OtherRange { from - 1 } else { from };
        format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{}\r\n", file.len() - 1, file.len())
    } else {
        "HTTP/1.1 200 OK\r\n".to_owned()
    };
    let head = format!("{first}Content-Length: {}\r\n\r\n", body.len());
    let mut put = async |bytes: &[u8]| send(&mut stream, &sent, bytes).await;
    match mood {
        Mood::Good | Mood::Whole | Mood::Missing | Mood::Alternating | Mood::OtherRange | Mood::Away(_) => {
            put(head.as_bytes()).await?;
            put(body).await?;
        }
        Mood::Wrong => {
            put(head.as_bytes()).await?;
            put(&body.iter().map(|byte| byte ^ 1).collect::<Vec<_>>()).await?;
        }
        Mood::Chunked => {
            put(format!("{first}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await?;
            for piece in body.chunks(1_000) {
                put(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
                put(piece).await?;
                put(b"\r\n").await?;
            }
            put(b"0\r\n\r\n").await?;
        }
        Mood::Unsized => {
            put(b"HTTP/1.0 200 OK\r\n\r\n").await?;
            put(body).await?;
        }
        Mood::Slow => {
            put(head.as_bytes()).await?;
            for byte in body {
                put(&[*byte]).await?;
                sleep(Duration::from_millis(20)).await;
            }
        }
        Mood::Silent => sleep(Duration::from_secs(600)).await,
        Mood::Endless => {
            put(b"HTTP/1.0 200 OK\r\n\r\n").await?;
            loop {
                put(&[b' '; 4_096]).await?;
            }
        }
        Mood::EndlessChunks => {
            put(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
            loop {
                put(b"4\r\nabcd\r\n").await?;
            }
        }
        Mood::EndlessHead => {
            put(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                put(b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n").await?;
            }
        }
        Mood::Oversized => put(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n").await?,
        Mood::Truncated(percent) => {
            put(head.as_bytes()).await?;
            put(&body[..(body.len() * percent).div_ceil(100)]).await?;
        }
        Mood::Broken => put(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").await?,
        Mood::Elsewhere => put(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n").await?,
        Mood::Garbage => put(b"\x16\x03\x01 this is no HTTP at all\r\n\r\n").await?,
        Mood::TwoLengths => {
            put(format!("{first}Content-Length: 3\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes()).await?;
            put(body).await?;
        }
    }
    Some(())
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), sent: &AtomicUsize, bytes: &[u8]) -> Option<()> {
    sent.fetch_add(bytes.len(), Ordering::Relaxed);
    stream.write_all(bytes).await.ok()?;
    stream.flush().await.ok()
}

/// Short waiting, so that a test of slowness is not slow.
pub fn patience() -> Patience {
    Patience { window: Duration::from_millis(1_500), wanted: 4_096, least: 1_024, grace: Duration::from_millis(500) }
}

pub fn mirrors(list: &[&Mirror]) -> Mirrors {
    with_budget(list, 1 << 24)
}

pub fn with_budget(list: &[&Mirror], budget: u64) -> Mirrors {
    let dialer = Dialer::new(RootCertStore::empty(), None).unwrap();
    Mirrors::new(dialer, list.iter().map(|mirror| mirror.address.clone()).collect(), "test", budget, patience())
}

pub fn files(list: &[(&str, &[u8])]) -> Files {
    Arc::new(Mutex::new(list.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()))
}

/// Bytes that differ everywhere.
pub fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}
