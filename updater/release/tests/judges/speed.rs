//! How fast a history is judged; `cargo test --release -p bulkhead-release -- --ignored --nocapture` prints it.

use crate::house::House;
use std::time::Instant;

const COMMITS: u32 = 1000;

#[test]
#[ignore = "a measurement, of use in a release build only"]
fn commits_judged_each_second() {
    let mut house = House::new();
    let since = house.head();
    for n in 0..COMMITS {
        house.good(&format!("net/{}/{}.rs", n % 16, n % 64), &n.to_string());
    }
    house.publish();
    let began = Instant::now();
    let report = house.verify(since).unwrap();
    let time = began.elapsed().as_secs_f64();
    println!(
        "{} signed and reviewed commits judged in {time:.2} s: {:.0} a second (asked: ≥ 500)",
        report.commits,
        f64::from(COMMITS) / time
    );
}
