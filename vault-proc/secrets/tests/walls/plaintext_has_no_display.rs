fn main() {
    println!("{}", bulkhead_secrets::Plaintext::new("words".into()));
}
