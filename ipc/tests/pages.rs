//! The pages that show the tables show the tables.

#![allow(clippy::unwrap_used)]

use bulkhead_ipc::automata::ALL;

#[allow(dead_code)]
#[path = "../examples/automata.rs"]
mod automata;

#[test]
fn the_pages_are_made_from_the_tables() {
    for table in ALL {
        let file = automata::file(table);
        let page = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            page == automata::page(table),
            "{}: run `cargo run -p bulkhead-ipc --example automata`",
            file.display()
        );
    }
}
