fn main() {
    println!("{:?}", bulkhead_secrets::Secret::new(vec![1]));
}
