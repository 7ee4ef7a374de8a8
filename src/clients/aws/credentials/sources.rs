//! Where credentials are looked for first.

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::{ProfileFileCredentialsProvider, load as load_profiles};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_types::os_shim_internal::{Env, Fs};
use secrecy::ExposeSecret;

use super::Source;
use crate::clients::aws::error::class::Class;
use crate::clients::aws::error::{Failure, Report, causes, chain};
use crate::clients::aws::settings::Settings;

/// Places that are looked at in turn; the first that has credentials is used.
///
/// A place that is broken ends the search: a profile with a mistake must not
/// lead to the credentials of the machine.
pub(in crate::clients::aws) struct Search(Vec<Place>);

struct Place {
    name: Arc<str>,
    provider: SharedCredentialsProvider,
}

impl Search {
    /// What the settings say, or else the places that every AWS tool looks at.
    pub(in crate::clients::aws) fn new(
        settings: &Settings,
        config: &ProviderConfig,
        metadata: Option<imds::Client>,
    ) -> Self {
        if let (Some(id), Some(secret)) = (&settings.access_key, &settings.secret_key) {
            let token = settings.token.as_ref().map(|token| token.expose_secret().to_owned());
            let keys = Credentials::new(id, secret.expose_secret(), token, None, "provider block");
            return Self(vec![Place::new("access_key and secret_key of the provider block", keys)]);
        }
        let metadata = metadata.map(|client| {
            let imds = ImdsCredentialsProvider::builder().configure(config).imds_client(client);
            SharedCredentialsProvider::new(imds.build())
        });
        let profile = profile(settings, config, metadata.clone());
        if settings.profile.is_some() {
            return Self(vec![Place::new(profile_name(settings), profile)]);
        }
        let profile = match &settings.ambient_profile {
            Some(name) => SharedCredentialsProvider::new(Asked {
                name: name.clone(),
                files: files(settings).unwrap_or_default(),
                profile,
            }),
            None => SharedCredentialsProvider::new(profile),
        };
        let mut places = vec![
            Place::new(
                "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)",
                EnvironmentVariableCredentialsProvider::new(),
            ),
            Place::new(profile_name(settings), profile),
            Place::new(
                "the web identity of the environment (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN)",
                WebIdentityTokenCredentialsProvider::builder().configure(config).build(),
            ),
            Place::new(
                "the container or pod (AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI)",
                EcsCredentialsProvider::builder().configure(config).build(),
            ),
        ];
        places.extend(
            metadata.map(|metadata| Place::new("the EC2 instance metadata service", metadata)),
        );
        Self(places)
    }
}

impl Place {
    fn new(name: impl Into<Arc<str>>, provider: impl ProvideCredentials + 'static) -> Self {
        Self { name: name.into(), provider: SharedCredentialsProvider::new(provider) }
    }
}

#[async_trait]
impl Source for Search {
    async fn load(&self) -> Result<(Credentials, Arc<str>), Failure> {
        let mut tried = Vec::new();
        for Place { name, provider } in &self.0 {
            match provider.provide_credentials().await {
                Ok(credentials) => return Ok((credentials, name.clone())),
                Err(error @ CredentialsError::CredentialsNotLoaded(_)) if !names_nobody(&error) => {
                    let reason = causes(&error);
                    tracing::debug!(place = %name, %reason, "no credentials");
                    // One place was asked for by name, so it matters what is wrong with it.
                    let told = self.0.len() == 1 && error.source().is_some();
                    let why = if told { format!(": {reason}") } else { String::new() };
                    tried.push(format!("{name}{why}"));
                }
                Err(error) => return Err(broken(name, &error).into()),
            }
        }
        let message = format!("no AWS credentials were found in {}", tried.join("; "));
        Err(Report::new(Class::Unauthenticated, message).advise(
            "Set profile, or access_key and secret_key, or assume_role_with_web_identity in the \
             provider block; or AWS_PROFILE or the keys in the environment; or run where a role is \
             attached. With SSO, run `aws sso login` first.",
        )
        .into())
    }

    fn describe(&self) -> Arc<str> {
        match self.0.as_slice() {
            [place] => place.name.clone(),
            _ => "the environment and the shared AWS configuration".into(),
        }
    }
}

/// The profile that `AWS_PROFILE` names, which is to be somewhere.
#[derive(Debug)]
struct Asked {
    name: String,
    files: EnvConfigFiles,
    profile: ProfileFileCredentialsProvider,
}

impl ProvideCredentials for Asked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let loaded = self.profile.provide_credentials().await;
            let Err(CredentialsError::CredentialsNotLoaded(_)) = &loaded else { return loaded };
            // The SDK tells files without any profile, or no files, from a profile without
            // credentials as little as from nobody having asked.
            let found = load_profiles(&Fs::real(), &Env::real(), &self.files, None).await;
            if self.name != "default" && found.is_ok_and(|profiles| profiles.is_empty()) {
                let absent = format!("profile `{}` was not defined", self.name);
                return Err(CredentialsError::invalid_configuration(absent));
            }
            loaded
        })
    }
}

/// Whether a profile was asked for by name, with `AWS_PROFILE` or as the source
/// of another, and is not there. The SDK would go on to the next place.
fn names_nobody(error: &CredentialsError) -> bool {
    let text = causes(error);
    text.contains("profile `") && text.contains("was not defined")
}

/// Credentials are there and cannot be had.
fn broken(place: &str, error: &CredentialsError) -> Report {
    let refused = chain(error).find_map(|cause| {
        let role = cause.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>();
        let web = cause.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>();
        let role = role.map(|error| Report::of(error).doing("calling AssumeRole"));
        role.or_else(|| {
            web.map(|error| Report::of(error).doing("calling AssumeRoleWithWebIdentity"))
        })
    });
    let doing = format!("taking AWS credentials from {place}");
    let Some(report) = refused else {
        let text = causes(error);
        let sso = text.to_lowercase().contains("sso");
        let advice = if sso {
            "Run `aws sso login` for this profile, and try again."
        } else {
            "Correct this source, or name another one in the provider block or the environment."
        };
        return Report::new(Class::Unauthenticated, text).advise(advice).doing(doing);
    };
    report.doing(doing)
}

fn profile(
    settings: &Settings,
    config: &ProviderConfig,
    metadata: Option<SharedCredentialsProvider>,
) -> ProfileFileCredentialsProvider {
    let mut builder = ProfileFileCredentialsProvider::builder().configure(config);
    if let Some(name) = &settings.profile {
        builder = builder.profile_name(name);
    }
    if let Some(files) = files(settings) {
        builder = builder.profile_files(files);
    }
    if let Some(metadata) = metadata {
        // For `credential_source = Ec2InstanceMetadata`.
        builder = builder.with_custom_provider("Ec2InstanceMetadata", metadata);
    }
    builder.build()
}

/// The files that the settings name, if they name any.
pub(in crate::clients::aws) fn files(settings: &Settings) -> Option<EnvConfigFiles> {
    let (config, credentials) = (&settings.shared_config_files, &settings.shared_credentials_files);
    if config.is_empty() && credentials.is_empty() {
        return None;
    }
    let mut files = EnvConfigFiles::builder()
        .include_default_config_file(config.is_empty())
        .include_default_credentials_file(credentials.is_empty());
    for file in config {
        files = files.with_file(EnvConfigFileKind::Config, file);
    }
    for file in credentials {
        files = files.with_file(EnvConfigFileKind::Credentials, file);
    }
    Some(files.build())
}

/// `profile "dev" of ~/.aws/config and ~/.aws/credentials`.
pub(in crate::clients::aws) fn profile_name(settings: &Settings) -> String {
    let profile = match (&settings.profile, &settings.ambient_profile) {
        (Some(name), _) => format!("profile {name:?}"),
        (None, Some(name)) => format!("profile {name:?} (AWS_PROFILE)"),
        (None, None) => "the default profile".to_owned(),
    };
    let listed = |files: &[PathBuf], default: &str| match files {
        [] => default.to_owned(),
        files => files.iter().map(|it| it.display().to_string()).collect::<Vec<_>>().join(", "),
    };
    let config = listed(&settings.shared_config_files, "~/.aws/config");
    let credentials = listed(&settings.shared_credentials_files, "~/.aws/credentials");
    format!("{profile} of {config} and {credentials}")
}
