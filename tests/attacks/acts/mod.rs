//! The table of attacks on the kernel's walls, by what they are after.

mod code;
mod covert;
mod exhaustion;
mod files;
mod internals;
mod memory;
mod network;
mod processes;
mod spaces;
mod undoing;

use crate::attack::Attack;

/// All groups: a title, and the attacks.
pub const GROUPS: [(&str, &[Attack]); 10] = [
    ("files", files::ATTACKS),
    ("memory of others", memory::ATTACKS),
    ("other processes", processes::ATTACKS),
    ("network", network::ATTACKS),
    ("new code", code::ATTACKS),
    ("inside the kernel", internals::ATTACKS),
    ("namespaces and mounts", spaces::ATTACKS),
    ("undoing the sandbox", undoing::ATTACKS),
    ("exhaustion", exhaustion::ATTACKS),
    ("hidden channels", covert::ATTACKS),
];

/// All attacks, and one act that is none.
pub fn by_name(name: &str) -> Option<&'static Attack> {
    let all = GROUPS.iter().flat_map(|(_, attacks)| attacks.iter());
    all.chain([&HARMLESS]).find(|attack| attack.name == name)
}

/// What shows that a twin lives: if it were denied, every denial would mean nothing.
pub const HARMLESS: Attack = crate::attack::attack("nothing", "does nothing", crate::attack::EVERYWHERE, |_| Ok(()));
