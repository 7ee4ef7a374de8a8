//! What there is of the types of Amazon ECR in an account.

pub mod repositories;
