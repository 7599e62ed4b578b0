fn send<M: bulkhead_ipc::Message>(_: M) {}

fn main() {
    send(bulkhead_secrets::Plaintext::new("words".into()));
}
