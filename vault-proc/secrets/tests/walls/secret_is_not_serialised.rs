fn serialise<T: serde::Serialize>(_: T) {}

fn main() {
    serialise(bulkhead_secrets::Secret::new(vec![1]));
}
