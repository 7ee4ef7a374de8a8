//! The promises to users (`docs/design.md`), one by one, with the real tools.

mod access;
mod accounts;
mod associations;
mod capabilities;
mod capability;
mod controllers;
mod drift;
mod ecr;
mod faults;
mod graphs;
mod imports;
mod interrupted;
mod lists;
mod manifests;
mod moves;
mod offline;
mod openid_connect;
mod repositories;
mod secrets;
mod sets;
mod spelling;
mod tokens;
