//! A SOCKS5 proxy on this machine (RFC 1928, 1929) that knows some names, and what it was asked for.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub user: String,
    pub host: String,
    pub port: u16,
}

/// How the proxy behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Good,
    /// Wants no authentication.
    Open,
    /// Refuses user and password.
    Strict,
    /// Refuses with this reply.
    Reply(u8),
    /// Answers with an address of a kind that does not exist.
    Odd,
    /// Ends the connection in the middle of its answer.
    Truncated,
    /// Speaks something else.
    Http,
    /// Names itself, at great length, in its answer.
    Named,
}

pub struct Proxy {
    pub port: u16,
    pub asked: Arc<Mutex<Vec<Asked>>>,
}

impl Proxy {
    pub async fn new(names: impl IntoIterator<Item = (String, u16)>) -> Self {
        Self::with(Manner::Good, names).await
    }

    /// Connects to the ports on this machine that `names` say, and to nothing else.
    pub async fn with(manner: Manner, names: impl IntoIterator<Item = (String, u16)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, names) =
            (Arc::new(Mutex::new(Vec::new())), Arc::new(names.into_iter().collect::<BTreeMap<_, _>>()));
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manner, names.clone(), log.clone()));
            }
        });
        Self { port, asked }
    }
}

async fn serve(
    mut stream: TcpStream,
    manner: Manner,
    names: Arc<BTreeMap<String, u16>>,
    log: Arc<Mutex<Vec<Asked>>>,
) -> Option<()> {
    if manner == Manner::Http {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok()?;
        return Some(());
    }
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.ok()?;
    let mut methods = vec![0; usize::from(head[1])];
    stream.read_exact(&mut methods).await.ok()?;
    // Only a user's name separates circuits: nothing else is offered.
    assert_eq!((head[0], methods.as_slice()), (5, [2].as_slice()));
    stream.write_all(&[5, if manner == Manner::Open { 0 } else { 2 }]).await.ok()?;
    stream.read_u8().await.ok()?;
    let user = text(&mut stream).await?;
    text(&mut stream).await?;
    stream.write_all(&[1, u8::from(manner == Manner::Strict)]).await.ok()?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.ok()?;
    let host = match head[3] {
        1 => std::net::Ipv4Addr::from(stream.read_u32().await.ok()?).to_string(),
        4 => std::net::Ipv6Addr::from(stream.read_u128().await.ok()?).to_string(),
        _ => text(&mut stream).await?,
    };
    let port = stream.read_u16().await.ok()?;
    log.lock().unwrap().push(Asked { user, host: host.clone(), port });
    let to = match names.get(&host) {
        Some(port) => TcpStream::connect(("127.0.0.1", *port)).await.ok(),
        None => None,
    };
    let (reply, mut to) = match (manner, to) {
        (Manner::Reply(code), _) => (vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0], None),
        (Manner::Odd, _) => (vec![5, 0, 0, 9, 0, 0, 0, 0, 0, 0], None),
        (Manner::Truncated, _) => (vec![5, 0, 0], None),
        (_, None) => (vec![5, 4, 0, 1, 0, 0, 0, 0, 0, 0], None),
        (Manner::Named, to) => ([&[5, 0, 0, 3, 255][..], &[b'x'; 255], &[0, 0]].concat(), to),
        (_, to) => (vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0], to),
    };
    stream.write_all(&reply).await.ok()?;
    copy_bidirectional(&mut stream, to.as_mut()?).await.ok()?;
    Some(())
}

async fn text(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = vec![0; usize::from(stream.read_u8().await.ok()?)];
    stream.read_exact(&mut bytes).await.ok()?;
    String::from_utf8(bytes).ok()
}
