//! Speaks with the desktop's keyring. Holds half of what opens a profile, and only while it is asked for it.
//!
//! | module | what |
//! | --- | --- |
//! | [`wire`] | values of D-Bus as bytes (D-Bus specification, "Type System" and "Marshaling") |
//! | [`message`] | messages as bytes ("Message Protocol") |
//! | [`bus`] | greeting the bus, calls and their answers, the one signal that matters |
//! | [`service`] | the Secret Service: what is kept, fetched, forgotten, and the user asked for |
//! | [`server`] | what the vault asks, one question at a time |

pub mod bus;
pub mod message;
pub mod server;
pub mod service;
pub mod wire;
