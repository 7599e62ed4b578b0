//! From an address to a WebSocket: TCP or SOCKS5, then TLS, then the upgrade; each step with its trouble.
//!
//! SOCKS5 (RFC 1928, 1929) is thirty lines here: the crates for it bring more code than this file holds,
//! and how user names separate circuits is ours to decide.

use crate::address::{Address, is_onion};
use crate::wire::MAX_MESSAGE;
use bulkhead_ipc::post::Trouble;
use futures_core::Stream as _;
use futures_sink::Sink as _;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::task::{Context, Poll, ready};
use std::{collections::VecDeque, future::poll_fn, io, pin::Pin, sync::Arc, time::Duration};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, Join, ReadHalf, Take, WriteHalf};
use tokio::{net::TcpStream, sync::Semaphore, task::spawn_blocking, time::timeout};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, client::Resumption, pki_types::ServerName};
use tokio_websockets::{ClientBuilder, Error as WsError, Limits, Message, WebSocketStream};

/// Longest answer to the HTTP upgrade, in bytes; the WebSocket library itself would read for ever.
const MAX_UPGRADE: u64 = 16 * 1024;
/// Addresses of one name that are tried, and how long each may take.
const TRIES: (usize, Duration) = (6, Duration::from_secs(6));

/// Names that are looked up at the same time: the C library waits for answers, each time on a thread of its own. They
/// are started with the process, as none may be later.
pub const LOOKUPS: usize = 4;

/// A SOCKS5 reply code, also for proxies that speak something else.
const GENERAL_FAILURE: u8 = 1;

/// How to reach relays.
pub struct Dialer {
    tls: tokio_rustls::TlsConnector,
    proxy: Option<(String, u16)>,
    lookups: Arc<Semaphore>,
}

impl Dialer {
    /// Trusts `roots`; goes through the SOCKS5 `proxy` if there is one.
    pub fn new(roots: RootCertStore, proxy: Option<(String, u16)>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut tls = builder.with_root_certificates(roots).with_no_client_auth();
        // A session ticket would tell the relay that two circuits belong to one person.
        tls.resumption = Resumption::disabled();
        Ok(Self { tls: Arc::new(tls).into(), proxy, lookups: Arc::new(Semaphore::new(LOOKUPS)) })
    }

    /// Connects. `circuit` separates this connection from all others at the proxy.
    pub async fn dial(&self, to: &Address, circuit: &str) -> Result<Socket, Trouble> {
        let tcp = match &self.proxy {
            Some((host, port)) => {
                let mut tcp = self.reach(host, *port).await.map_err(|_| Trouble::Proxy)?;
                match socks(&mut tcp, to, circuit).await {
                    Ok(0) => tcp,
                    Ok(3..=6) => return Err(Trouble::Unreachable),
                    _ => return Err(Trouble::Proxy),
                }
            }
            // RFC 7686: an onion name must never be asked of the name system.
            None if is_onion(&to.host) => return Err(Trouble::Address),
            None => self.reach(&to.host, to.port).await.map_err(|_| Trouble::Unreachable)?,
        };
        tcp.set_nodelay(true).map_err(|_| Trouble::Unreachable)?;
        let io: Box<dyn Io> = if to.tls {
            let name = ServerName::try_from(to.host.clone()).map_err(|_| Trouble::Address)?;
            Box::new(self.tls.connect(name, tcp).await.map_err(tls_trouble)?)
        } else {
            Box::new(tcp)
        };
        let client = ClientBuilder::new().uri(&to.url).map_err(|_| Trouble::Address)?;
        let client = client.limits(Limits::default().max_payload_len(Some(MAX_MESSAGE)));
        let (reader, writer) = tokio::io::split(io);
        let metered = tokio::io::join(reader.take(MAX_UPGRADE), writer);
        let (mut stream, _) = client.connect_on(metered).await.map_err(ws_trouble)?;
        stream.get_mut().reader_mut().set_limit(u64::MAX);
        Ok(Socket { stream, queue: VecDeque::new(), flushed: true })
    }

    async fn reach(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        // Plain text goes to this name, so nobody else is asked where it is.
        let host = if host == "localhost" { "127.0.0.1" } else { host };
        let addresses = match host.parse::<IpAddr>() {
            Ok(ip) => vec![(ip, port).into()],
            Err(_) => self.resolve((host.to_owned(), port)).await?,
        };
        for address in addresses.into_iter().take(TRIES.0) {
            if let Ok(Ok(tcp)) = timeout(TRIES.1, TcpStream::connect(address)).await {
                return Ok(tcp);
            }
        }
        Err(io::ErrorKind::HostUnreachable.into())
    }

    /// Asks the name system. Whoever gives up before the turn comes leaves no question behind.
    async fn resolve(&self, name: (String, u16)) -> io::Result<Vec<SocketAddr>> {
        let turn = self.lookups.clone().acquire_owned().await.map_err(io::Error::other)?;
        spawn_blocking(move || (name.to_socket_addrs().map(Iterator::collect), drop(turn)).0).await?
    }
}

/// Asks the proxy to connect; names are the proxy's to resolve. Returns its reply code.
async fn socks(tcp: &mut TcpStream, to: &Address, circuit: &str) -> io::Result<u8> {
    let sized =
        |text: &str| u8::try_from(text.len()).map(|n| [&[n], text.as_bytes()].concat()).map_err(io::Error::other);
    let mut answer = [0; 2];
    tcp.write_all(&[5, 1, 2]).await?;
    tcp.read_exact(&mut answer).await?;
    if answer != [5, 2] {
        return Ok(GENERAL_FAILURE);
    }
    tcp.write_all(&[vec![1], sized(circuit)?, sized(circuit)?].concat()).await?;
    tcp.read_exact(&mut answer).await?;
    if answer[1] != 0 {
        return Ok(GENERAL_FAILURE);
    }
    let target = match to.host.parse() {
        Err(_) => [vec![3], sized(&to.host)?].concat(),
        Ok(IpAddr::V4(ip)) => [&[1], &ip.octets()[..]].concat(),
        Ok(IpAddr::V6(ip)) => [&[4], &ip.octets()[..]].concat(),
    };
    tcp.write_all(&[&[5, 1, 0], &target[..], &to.port.to_be_bytes()].concat()).await?;
    let mut head = [0; 4];
    tcp.read_exact(&mut head).await?;
    let [5, code, _, kind] = head else { return Ok(GENERAL_FAILURE) };
    let rest = match kind {
        1 => 4 + 2,
        4 => 16 + 2,
        3 => u64::from(tcp.read_u8().await?) + 2,
        _ => return Ok(GENERAL_FAILURE),
    };
    tokio::io::copy(&mut tcp.take(rest), &mut tokio::io::sink()).await?;
    Ok(code)
}

fn tls_trouble(error: io::Error) -> Trouble {
    match error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => Trouble::Certificate,
        Some(_) => Trouble::Misbehaving,
        None => Trouble::Closed,
    }
}

fn ws_trouble(error: WsError) -> Trouble {
    match error {
        WsError::Io(_) | WsError::AlreadyClosed => Trouble::Closed,
        _ => Trouble::Misbehaving,
    }
}

/// A connection to a relay: messages in, messages out, neither waiting for the other.
pub struct Socket {
    stream: WebSocketStream<Metered>,
    queue: VecDeque<Message>,
    flushed: bool,
}

impl Socket {
    /// Queues messages; returns how many wait.
    pub fn push(&mut self, messages: impl IntoIterator<Item = Message>) -> usize {
        self.queue.extend(messages);
        self.queue.len()
    }

    /// Writes what is queued, and waits for a message if `read`. Can be dropped and called again.
    pub async fn turn(&mut self, read: bool) -> Result<Message, Trouble> {
        poll_fn(|cx| {
            self.write(cx).map_err(ws_trouble)?;
            if !read {
                return Poll::Pending;
            }
            let message = ready!(Pin::new(&mut self.stream).poll_next(cx));
            Poll::Ready(message.ok_or(Trouble::Closed)?.map_err(ws_trouble))
        })
        .await
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), WsError> {
        let mut stream = Pin::new(&mut self.stream);
        while !self.queue.is_empty() && stream.as_mut().poll_ready(cx)?.is_ready() {
            let Some(message) = self.queue.pop_front() else { break };
            stream.as_mut().start_send(message)?;
            self.flushed = false;
        }
        self.flushed = self.flushed || stream.poll_flush(cx)?.is_ready();
        Ok(())
    }
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A stream that ends when it has brought more than it may.
type Metered = Join<Take<ReadHalf<Box<dyn Io>>>, WriteHalf<Box<dyn Io>>>;
