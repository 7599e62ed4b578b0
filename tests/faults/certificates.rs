//! Certificates that hold, and three that do not.

use crate::moods::Mood;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// One relay's.
#[derive(Clone)]
pub struct Certificates {
    good: TlsAcceptor,
    wrong_name: TlsAcceptor,
    expired: TlsAcceptor,
    unknown: TlsAcceptor,
}

fn acceptor(name: &str, last_year: i32, roots: Option<&mut RootCertStore>) -> TlsAcceptor {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.not_after = date_time_ymd(last_year, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let made = params.self_signed(&key).expect("a certificate");
    if let Some(roots) = roots {
        roots.add(made.der().clone()).expect("an authority");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("TLS");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let server = builder.with_no_client_auth().with_single_cert(vec![made.der().clone()], key).expect("a pair");
    TlsAcceptor::from(Arc::new(server))
}

impl Certificates {
    /// Makes them; the first three are vouched for.
    pub fn make(roots: &mut RootCertStore) -> Self {
        Self {
            good: acceptor("localhost", 2999, Some(roots)),
            wrong_name: acceptor("relay.example", 2999, Some(roots)),
            expired: acceptor("localhost", 2020, Some(roots)),
            unknown: acceptor("localhost", 2999, None),
        }
    }

    /// The one that is shown in a mood.
    pub fn shown(&self, mood: Mood) -> &TlsAcceptor {
        match mood {
            Mood::WrongName => &self.wrong_name,
            Mood::Expired => &self.expired,
            Mood::Unknown => &self.unknown,
            _ => &self.good,
        }
    }
}
