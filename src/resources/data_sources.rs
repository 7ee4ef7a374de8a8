//! Data sources: what configurations read and others manage.

pub mod ecr_images;
pub mod eks_cluster;
