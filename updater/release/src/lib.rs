//! How a release is made: signed commits, signed reviews, equal builds, joint signatures.
//!
//! The rules are a policy file in the repository itself ([`policy`]), which only the signers of every party together
//! can change. Nothing here keeps a secret: keys stay with `ssh-keygen` and the tokens of the people who sign.

pub mod attestation;
pub mod change;
pub mod files;
pub mod history;
pub mod keys;
pub mod mirrors;
pub mod party;
pub mod policy;
pub mod refusal;
pub mod review;
pub mod signed;
pub mod store_key;
