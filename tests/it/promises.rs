//! The promises to users (`docs/design.md`), one by one, with the real tools.
//!
//! The files beside these are being brought to pass, and run when they do: `controllers`, `drift`,
//! `imports`, `interrupted`, `secrets`, `spelling`, and `errors` one up.

mod access;
mod capability;
mod offline;
