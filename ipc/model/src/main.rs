//! Checks the larger bounds and prints what was found.

use bulkhead_model::{check, scopes};

fn main() {
    for scope in [scopes::MAIL] {
        let safety = check::safety(&scope);
        println!("{} {} states {} steps depth {} {:?} {:?}", scope.name, safety.states, safety.steps, safety.depth, safety.took, safety.broken);
        let liveness = check::liveness(&scope);
        println!("{} {} states {} steps depth {} {:?} {:?}", scope.name, liveness.states, liveness.steps, liveness.depth, liveness.took, liveness.broken);
    }
}
