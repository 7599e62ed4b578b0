fn main() {
    println!("{:?}", bulkhead_secrets::Passphrase::new("words".into()));
}
