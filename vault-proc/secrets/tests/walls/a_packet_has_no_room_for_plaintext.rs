fn main() {
    let _ = bulkhead_ipc::intent::ToUi::Show(bulkhead_secrets::Plaintext::new("words".into()));
}
