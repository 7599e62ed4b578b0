//! Mirrors that fail TLS, each in its way: none is believed, and another is asked.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod bad;

use bad::{Mirror, Mood, answer, bytes, files, mirror, patience};
use bulkhead_fetch::Trouble;
use bulkhead_fetch::address::Address;
use bulkhead_fetch::dial::Dialer;
use bulkhead_fetch::mirrors::Mirrors;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// An authority of one's own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for a name, good until a year.
fn certificate(
    authority: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
    until: i32,
) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(until, 1, 1));
    let certificate = params.signed_by(&key, authority).unwrap();
    (certificate.into(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
}

/// A good mirror behind TLS.
async fn secure(pair: (CertificateDer<'static>, PrivateKeyDer<'static>), content: &[u8]) -> Mirror {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![pair.0], pair.1).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = address(&listener);
    let (asked, sent) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (files, log, count) = (files(&[("file", content)]), asked.clone(), sent.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                answer(&mut stream, Mood::Good, files.clone(), log.clone(), count.clone()).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    Mirror { address, asked, sent }
}

fn address(listener: &TcpListener) -> Address {
    Address::parse(&format!("https://localhost:{}/mirror/", listener.local_addr().unwrap().port())).unwrap()
}

fn mirrors(authority: &CertifiedIssuer<'static, KeyPair>, list: &[&Mirror]) -> Mirrors {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let dialer = Dialer::new(roots, None).unwrap();
    Mirrors::new(dialer, list.iter().map(|mirror| mirror.address.clone()).collect(), "test", 1 << 20, patience())
}

#[tokio::test]
async fn mirror_that_proves_who_it_is_is_asked() {
    let (authority, content) = (authority(), bytes(40_000));
    let good = secure(certificate(&authority, "localhost", 2100), &content).await;
    assert_eq!(mirrors(&authority, &[&good]).file("file", 40_000).await, Ok(Some(content)));
}

#[tokio::test]
async fn mirror_that_does_not_is_left_for_one_that_does() {
    let (known, stranger, content) = (authority(), authority(), bytes(40_000));
    let good = secure(certificate(&known, "localhost", 2100), &content).await;
    let bad = [
        ("another's name", secure(certificate(&known, "mirror.example", 2100), &content).await),
        ("expired", secure(certificate(&known, "localhost", 2002), &content).await),
        ("an unknown authority", secure(certificate(&stranger, "localhost", 2100), &content).await),
    ];
    for (what, bad) in &bad {
        assert_eq!(mirrors(&known, &[bad]).file("file", 40_000).await, Err(Trouble::Certificate), "{what}");
        assert!(bad.asked.lock().unwrap().is_empty(), "{what}: it was told what is wanted");
        let both = mirrors(&known, &[bad, &good]);
        assert_eq!(both.file("file", 40_000).await.as_ref(), Ok(&Some(content.clone())), "{what}");
        assert_eq!(both.best(), [1, 0], "{what}");
    }
}

#[tokio::test]
async fn mirror_that_hangs_up_or_speaks_plainly_is_left() {
    let (authority, content) = (authority(), bytes(1_000));
    let good = secure(certificate(&authority, "localhost", 2100), &content).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut hanging = mirror(Mood::Good, &files(&[])).await;
    hanging.address = address(&listener);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut plain = mirror(Mood::Good, &files(&[])).await;
    plain.address = address(&listener);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil").await;
        }
    });
    for (bad, trouble) in
        [(&hanging, [Trouble::Truncated, Trouble::Truncated]), (&plain, [Trouble::Certificate, Trouble::Truncated])]
    {
        let alone = mirrors(&authority, &[bad]).file("file", 1_000).await.unwrap_err();
        assert!(trouble.contains(&alone), "{alone:?}");
        let came = mirrors(&authority, &[bad, &good]).file("file", 1_000).await;
        assert_eq!(came, Ok(Some(content.clone())));
    }
}
