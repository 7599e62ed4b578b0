fn main() {
    let _ = bulkhead_ipc::intent::ToUi::Notice(Some(bulkhead_secrets::Plaintext::new("words".into())));
}
