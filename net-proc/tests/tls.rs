//! `wss://` with certificates that were made for this test.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

mod common;

use common::*;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

/// A TLS relay that says nothing, with a certificate for `name`; and the roots that trust it.
fn relay(name: &str) -> (String, RootCertStore) {
    let made = rcgen::generate_simple_self_signed([name.to_string()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    thread(move || async move {
        let (listener, acceptor) = (TcpListener::from_std(listener).unwrap(), TlsAcceptor::from(Arc::new(server)));
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let Ok(tls) = acceptor.accept(tcp).await else { continue };
            let Ok((_, mut socket)) = tokio_websockets::ServerBuilder::new().accept(tls).await else { continue };
            tokio::spawn(async move { while futures_util::StreamExt::next(&mut socket).await.is_some() {} });
        }
    });
    (format!("wss://localhost:{port}"), roots)
}

#[test]
fn a_relay_with_a_trusted_certificate_is_online() {
    let (url, roots) = relay("localhost");
    let mut net = Net::start(Config { roots, ..config(1000) });
    net.relays(&[&url]);
    net.until_state(1, RelayState::Online);
}

#[test]
fn an_unknown_authority_is_certificate_trouble() {
    let (url, _) = relay("localhost");
    let mut net = Net::start(config(1000));
    net.relays(&[&url]);
    net.until_offline(1, Trouble::Certificate);
}

#[test]
fn a_certificate_for_another_name_is_certificate_trouble() {
    let (url, roots) = relay("relay.example");
    let mut net = Net::start(Config { roots, ..config(1000) });
    net.relays(&[&url]);
    net.until_offline(1, Trouble::Certificate);
}

#[test]
fn plain_text_behind_wss_is_not_spoken_to() {
    let (url, _relay) = local_relay(free_port(), Default::default());
    let mut net = Net::start(config(500));
    net.relays(&[&url.replace("ws://", "wss://")]);
    net.until(|m| matches!(m, FromNet::Relay { id: 1, state: RelayState::Offline(_) }));
}
