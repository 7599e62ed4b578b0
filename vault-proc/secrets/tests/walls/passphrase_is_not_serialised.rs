fn serialise<T: serde::Serialize>(_: T) {}

fn main() {
    serialise(bulkhead_secrets::Passphrase::new("words".into()));
}
