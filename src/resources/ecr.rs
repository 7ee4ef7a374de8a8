//! Amazon ECR: repositories of images and charts.

pub mod lifecycle_policy;
pub mod lists;
pub mod repository;
