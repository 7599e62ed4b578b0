fn serialise<T: serde::Serialize>(_: T) {}

fn main() {
    serialise(bulkhead_secrets::Plaintext::new("words".into()));
}
