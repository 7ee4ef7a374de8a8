//! The sandbox at work: its real programs do what the provider's tests will rely on.

mod applications;
mod ending;
mod kubernetes;
mod loopback;
mod managed;
mod support;
mod tools;
