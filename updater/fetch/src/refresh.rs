//! The TUF client workflow over mirrors: the library's updater, tried again elsewhere when a mirror served it wrong.

use crate::Trouble;
use crate::http::encoded;
use crate::mirrors::Mirrors;
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{Error, MetadataStore, Repository, Updater};

/// A repository as two sets of mirrors serve it: metadata and targets.
#[derive(Clone)]
pub struct Source {
    /// Who serves metadata.
    pub metadata: Mirrors,
    /// Who serves targets.
    pub targets: Mirrors,
}

impl Repository for Source {
    fn fetch_metadata<'a>(&'a self, name: &'a str, most: u64) -> FetchFuture<'a> {
        Box::pin(async move {
            // Delegated roles' names come encoded.
            let file = if name == "timestamp.json" {
                self.metadata.newest(name, most, crate::stage::version).await
            } else {
                self.metadata.file(name, most).await
            };
            file.map_err(|trouble| Error::transport_with_source("fetching metadata", trouble))
        })
    }

    fn fetch_target<'a>(&'a self, path: &'a str, most: u64) -> FetchFuture<'a> {
        Box::pin(async move {
            let file = self.targets.file(&encoded(path), most).await;
            file.map_err(|trouble| Error::transport_with_source("fetching a target", trouble))
        })
    }
}

/// Refreshes from `root` on. What a mirror serves wrongly costs it its place, and the next one is asked.
pub async fn refresh<S: MetadataStore + Clone + 'static>(
    source: &Source,
    store: &S,
    root: &[u8],
    now: jiff::Timestamp,
) -> Result<Updater, Error> {
    let mut tries = source.metadata.number().max(1);
    loop {
        let mut updater = Updater::new(source.clone(), root)?.with_store(store.clone());
        match updater.refresh(now).await {
            Ok(()) => return Ok(updater),
            Err(error) if tries <= 1 || is_transport(&error) => return Err(error),
            Err(_) => source.metadata.blame(),
        }
        tries = tries.saturating_sub(1);
    }
}

/// Whether it is no mirror's answer that is wrong, but that there is none: all were asked already.
fn is_transport(error: &Error) -> bool {
    matches!(error, Error::Transport { source: Some(source), .. } if source.is::<Trouble>())
}
