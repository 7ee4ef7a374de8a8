//! Which Region calls go to.

use aws_config::Region;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;

use super::credentials::sources::{files, profile_name};
use super::settings::Settings;
use crate::framework::Error;

/// The Region of the settings, of `AWS_REGION` or `AWS_DEFAULT_REGION`, or of
/// the profile.
pub(super) async fn configured(settings: &Settings) -> Option<Region> {
    if let Some(region) = &settings.region {
        return Some(Region::new(region.clone()));
    }
    let environment = EnvironmentVariableRegionProvider::new().region().await;
    // Pipelines set variables to nothing where they mean not to set them.
    if let Some(region) = environment.filter(|region| !region.as_ref().is_empty()) {
        return Some(region);
    }
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &settings.profile {
        profile = profile.profile_name(name);
    }
    if let Some(files) = files(settings) {
        profile = profile.profile_files(files);
    }
    ProvideRegion::region(&profile.build()).await
}

/// The Region of the EC2 instance this runs on. Elsewhere nobody answers, which
/// takes a second or more to find out.
pub(super) async fn of_instance(metadata: Option<&imds::Client>) -> Option<Region> {
    let client = metadata?.clone();
    ImdsRegionProvider::builder().imds_client(client).build().region().await
}

/// There is no Region anywhere.
pub(super) fn missing(settings: &Settings) -> Error {
    let mut places = vec![
        "region in the provider block".to_owned(),
        "AWS_REGION and AWS_DEFAULT_REGION".to_owned(),
        profile_name(settings),
    ];
    if !settings.skip_metadata_api_check {
        places.push("the EC2 instance metadata service".to_owned());
    }
    Error::invalid(format!("no AWS Region is set; looked at {}", places.join("; ")))
        .at("region")
        .advise(
            "Set region in the provider block, or AWS_REGION in the environment; a cluster can \
             also name its own (cluster.region).",
        )
}
