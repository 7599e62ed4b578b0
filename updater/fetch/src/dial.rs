//! From an address to a byte stream: TCP or SOCKS5 (RFC 1928, 1929), then TLS.

use crate::Trouble;
use crate::address::{Address, is_onion};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::{io, sync::Arc, time::Duration};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::{net::TcpStream, task::spawn_blocking, time::timeout};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, client::Resumption, pki_types::ServerName};

/// How long connecting may take, with name, proxy and TLS.
pub const CONNECT: Duration = Duration::from_secs(20);
/// Addresses of one name that are tried, and how long each may take.
const TRIES: (usize, Duration) = (4, Duration::from_secs(6));

/// Names that are looked up at the same time: the C library waits for answers, each time on a thread of its own. A sandboxed
/// process starts these beforehand.
pub const LOOKUPS: usize = 4;

/// A connection.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// How to reach mirrors.
pub struct Dialer {
    tls: tokio_rustls::TlsConnector,
    proxy: Option<(String, u16)>,
}

impl Dialer {
    /// Trusts `roots`; goes through the SOCKS5 `proxy` if there is one.
    pub fn new(roots: RootCertStore, proxy: Option<(String, u16)>) -> Result<Self, Trouble> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut tls = builder.map_err(|_| Trouble::Certificate)?.with_root_certificates(roots).with_no_client_auth();
        // A session ticket would tell the mirror that two circuits belong to one person.
        tls.resumption = Resumption::disabled();
        Ok(Self { tls: Arc::new(tls).into(), proxy })
    }

    /// Connects, in [`CONNECT`] at most. `circuit` separates this connection from others at the proxy.
    pub async fn dial(&self, to: &Address, circuit: &str) -> Result<Box<dyn Io>, Trouble> {
        timeout(CONNECT, self.connect(to, circuit)).await.unwrap_or(Err(Trouble::Silent))
    }

    async fn connect(&self, to: &Address, circuit: &str) -> Result<Box<dyn Io>, Trouble> {
        let tcp = match &self.proxy {
            Some((host, port)) => {
                let mut tcp = reach(host, *port).await.map_err(|_| Trouble::Proxy)?;
                match socks(&mut tcp, to, circuit).await {
                    Ok(0) => tcp,
                    Ok(3..=6) => return Err(Trouble::Unreachable),
                    _ => return Err(Trouble::Proxy),
                }
            }
            // RFC 7686: an onion name must never be asked of the name system.
            None if is_onion(&to.host) => return Err(Trouble::Unreachable),
            None => reach(&to.host, to.port).await.map_err(|_| Trouble::Unreachable)?,
        };
        tcp.set_nodelay(true).map_err(|_| Trouble::Unreachable)?;
        if !to.tls {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(to.host.clone()).map_err(|_| Trouble::Address)?;
        match self.tls.connect(name, tcp).await {
            Ok(tls) => Ok(Box::new(tls)),
            Err(error) if error.get_ref().is_some_and(|e| e.is::<rustls::Error>()) => Err(Trouble::Certificate),
            Err(_) => Err(Trouble::Truncated),
        }
    }
}

async fn reach(host: &str, port: u16) -> io::Result<TcpStream> {
    // Plain text goes to this name, so nobody else is asked where it is.
    let host = if host == "localhost" { "127.0.0.1" } else { host };
    let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(ip) => vec![(ip, port).into()],
        Err(_) => {
            let name = (host.to_owned(), port);
            spawn_blocking(move || name.to_socket_addrs().map(Iterator::collect)).await??
        }
    };
    for address in addresses.into_iter().take(TRIES.0) {
        if let Ok(Ok(tcp)) = timeout(TRIES.1, TcpStream::connect(address)).await {
            return Ok(tcp);
        }
    }
    Err(io::ErrorKind::HostUnreachable.into())
}

/// Asks the proxy to connect; names are the proxy's to resolve. Returns its reply code.
async fn socks(tcp: &mut TcpStream, to: &Address, circuit: &str) -> io::Result<u8> {
    const GENERAL_FAILURE: u8 = 1;
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
    let [_, 0] = answer else { return Ok(GENERAL_FAILURE) };
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
