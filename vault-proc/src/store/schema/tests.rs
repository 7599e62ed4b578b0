use super::{VERSION, configure, create, upgrade};
use bulkhead_vault_core::Error;
use rusqlite::Connection;

const VERSION_1: &str = include_str!("version_1.sql");

fn first() -> Connection {
    let db = Connection::open_in_memory().expect("a database");
    db.execute_batch(&format!("{VERSION_1} PRAGMA user_version = 1;")).expect("the tables of version 1");
    db
}

/// Every column of every table, and every index: name, place, type, whether it may be empty, default, key.
fn shape(db: &Connection) -> Vec<String> {
    let sql = "SELECT t.name || '.' || c.cid || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' ||
            coalesce(c.dflt_value, '-') || ' ' || c.pk || ' ' || t.strict
        FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) c WHERE t.name NOT LIKE 'sqlite_%'
        UNION ALL SELECT 'index ' || name || ' ' || sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
        ORDER BY 1";
    let mut statement = db.prepare(sql).expect("a statement");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("words")
}

fn version(db: &Connection) -> i64 {
    db.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a number")
}

#[test]
fn an_upgraded_store_has_the_tables_of_a_new_one_and_its_rows() {
    let new = Connection::open_in_memory().expect("a database");
    create(&new).expect("tables");
    let old = first();
    old.execute_batch(
        "INSERT INTO profile(id, name) VALUES (1, 'Alice'); INSERT INTO relays VALUES (1, 'wss://r', 1);",
    )
    .expect("rows");
    upgrade(&old).expect("an upgrade");
    assert_eq!(shape(&old), shape(&new));
    assert_eq!((version(&old), version(&new)), (VERSION, VERSION));
    let name: String = old.query_row("SELECT name FROM profile", [], |row| row.get(0)).expect("a name");
    assert_eq!(name, "Alice");
    upgrade(&old).expect("nothing left to do");
}

#[test]
fn a_store_without_tables_or_from_a_later_program_is_refused() {
    let db = Connection::open_in_memory().expect("a database");
    configure(&db).expect("settings");
    assert_eq!(upgrade(&db), Err(Error::Damaged));
    for (number, error) in [(VERSION + 1, Error::TooNew), (-1, Error::Damaged)] {
        db.execute_batch(&format!("PRAGMA user_version = {number}")).expect("a number");
        assert_eq!(upgrade(&db), Err(error));
    }
}

#[test]
fn an_upgrade_that_fails_changes_nothing() {
    let old = first();
    let before = shape(&old);
    old.execute_batch("PRAGMA query_only = 1").expect("a setting");
    assert!(upgrade(&old).is_err());
    assert_eq!((shape(&old), version(&old)), (before, 1));
    assert!(old.is_autocommit());
}
