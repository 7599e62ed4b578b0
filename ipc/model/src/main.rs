//! Checks the larger bounds and prints what was found.

use bulkhead_model::{check, scopes};

fn main() {
    let only: Option<String> = std::env::args().nth(1);
    for scope in scopes::SMALL.iter().filter(|s| only.as_ref().is_none_or(|o| s.name == o)) {
        let safety = check::safety(scope);
        println!("{} {} states {} steps depth {} {:?} {:?}", scope.name, safety.states, safety.steps, safety.depth, safety.took, safety.broken);
        let liveness = check::liveness(scope);
        println!("{} {} states {} steps depth {} {:?} {:?}", scope.name, liveness.states, liveness.steps, liveness.depth, liveness.took, liveness.broken);
    }
}
