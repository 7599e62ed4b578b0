fn main() {
    println!("{:?}", bulkhead_secrets::Key::new([1; 32]));
}
