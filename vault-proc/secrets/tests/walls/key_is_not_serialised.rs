fn serialise<T: serde::Serialize>(_: T) {}

fn main() {
    serialise(bulkhead_secrets::Key::new([1; 32]));
}
