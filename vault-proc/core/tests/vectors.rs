//! The checked-in vectors are what the program makes.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../examples/vectors.rs"]
mod vectors;

#[test]
fn checked_in_vectors_are_what_the_program_makes() {
    for (name, text) in vectors::make() {
        let file = std::fs::read_to_string(format!("{}/{name}", vectors::FOLDER)).unwrap();
        assert!(file == text, "{name} differs: cargo run -p bulkhead-vault-core --example vectors");
    }
}

#[test]
fn bad_links_of_the_vectors_are_refused() {
    let files = vectors::make();
    let bad: serde_json::Value = serde_json::from_str(&files.iter().find(|f| f.0 == "bad.json").unwrap().1).unwrap();
    for link in bad["links"].as_array().unwrap() {
        let refused = bulkhead_vault_core::invite::Link::decode(link["link"].as_str().unwrap());
        assert!(refused.is_err(), "{}", link["why"]);
    }
}
