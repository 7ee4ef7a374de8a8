//! Data sources: what configurations read and others manage.

pub mod eks_cluster;
