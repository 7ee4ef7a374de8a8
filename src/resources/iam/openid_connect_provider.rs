//! OIDC providers of IAM: whose tokens an account takes.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput as Found;
use url::Url;

use super::tags as iam_tags;
use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::clients::aws::tags::Changes;
use crate::framework::{
    Attr, Change, DefaultTimeouts, Error, ImportFormat, Model, Path, Peer, Resource, Result, Saved,
    Set, Timeouts,
};
use crate::provider::Provider;
use crate::resources::{Operation, tags};

/// An OIDC provider of IAM: an issuer whose tokens stand for sessions of roles, such as the one of an
/// EKS cluster's service accounts (IRSA), GitHub Actions or GitLab CI. An account has one for each
/// issuer.
#[derive(Clone, Debug, Default, Model)]
pub struct OpenidConnectProvider {
    /// URL of the issuer, as its tokens have it (`iss`): `https://`, and no port or query.
    #[attr(required, replace, check = issuer)]
    pub url: Attr<String>,
    /// Audiences that the tokens may be for (`aud`). Those for AWS have `sts.amazonaws.com`, of EKS
    /// and of GitHub Actions.
    #[attr(required, length(1, 100), check = client_id)]
    pub client_id_list: Attr<Set<String>>,
    /// SHA-1 thumbprints of certificates that sign the issuer's own, 40 hexadecimal digits in lower
    /// case. IAM needs them only where it does not know the authority that signs, and finds one itself
    /// when not set.
    #[attr(optional, computed, stable, length(1, 5), check = thumbprint)]
    pub thumbprint_list: Attr<Set<String>>,
    /// Tags of the provider.
    pub tags: Attr<BTreeMap<String, String>>,
    /// Tags of the provider, with the `default_tags` of this one.
    #[attr(computed)]
    pub tags_all: Attr<BTreeMap<String, String>>,
    /// ARN of the provider.
    #[attr(computed, stable, identity)]
    pub arn: Attr<String>,
    /// How long each operation may take, waiting included.
    #[attr(block)]
    pub timeouts: Attr<Timeouts>,
}

impl Resource for OpenidConnectProvider {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "iam_openid_connect_provider";
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(10);
    const IMPORT: ImportFormat = ImportFormat("{arn}");
    const PEERS: &'static [Peer] = &[Peer {
        providers: &["hashicorp/aws"],
        type_name: "aws_iam_openid_connect_provider",
        find: |provider| provider.texts(["arn"]),
    }];

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        tags::plan(cx, change)
    }

    async fn create(cx: &Operation, planned: Self, progress: &mut Saved<'_, Self>) -> Result<Self> {
        let iam = cx.provider().iam().await?;
        let url = planned.url.require("url")?;
        let created = changed(cx, || {
            let call = iam
                .create_open_id_connect_provider()
                .url(url)
                .set_client_id_list(listed(&planned.client_id_list))
                .set_thumbprint_list(listed(&planned.thumbprint_list))
                .set_tags(iam_tags::to_api(&planned.tags_all));
            async move { call.send().await.operation("CreateOpenIDConnectProvider") }
        })
        .await;
        let arn = match created {
            Ok(answer) => {
                let arn = answer.open_id_connect_provider_arn;
                arn.ok_or_else(|| Error::bug("IAM answered no ARN"))?
            }
            Err(error) if error.is_already_exists() => planned.adopt(cx, &iam, url, error).await?,
            Err(error) if error.api_code() == Some(UNREACHABLE) => {
                return Err(error.at("url").advise(
                    "IAM asks the issuer for its certificate when thumbprint_list is not set, and \
                     could not. Check the URL, or set thumbprint_list if the issuer is not to be \
                     reached from the internet.",
                ));
            }
            Err(error) => return Err(error),
        };
        let made = Self { arn: arn.clone().into(), ..planned };
        progress.save(made.clone());
        // IAM fills in the thumbprint, and may take a moment to show what it made.
        let seen = || async { get(&iam, &arn).await };
        let found = propagation::retry(cx.deadline(), propagation::not_readable_yet, seen).await?;
        Ok(made.seen(found))
    }

    async fn read(cx: &Operation, state: Self) -> Result<Option<Self>> {
        let iam = cx.provider().iam().await?;
        let found = get(&iam, state.arn.require("arn")?).await?;
        let mut read = state.seen(found);
        let before = [&state.tags, &state.tags_all];
        tags::read(cx, before, &mut read.tags, &mut read.tags_all)?;
        Ok(Some(read))
    }

    async fn update(
        cx: &Operation,
        prior: Self,
        planned: Self,
        progress: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        let iam = cx.provider().iam().await?;
        let arn = prior.arn.require("arn")?;
        let mut state = prior.clone();
        if planned.client_id_list != prior.client_id_list {
            bring_clients(cx, &iam, arn, &prior.clients(), &planned.clients()).await?;
            state.client_id_list = planned.client_id_list.clone();
            progress.save(state.clone());
        }
        if planned.thumbprint_list != prior.thumbprint_list {
            changed(cx, || {
                let call = iam
                    .update_open_id_connect_provider_thumbprint()
                    .open_id_connect_provider_arn(arn)
                    .set_thumbprint_list(listed(&planned.thumbprint_list));
                async move {
                    call.send().await.operation("UpdateOpenIDConnectProviderThumbprint").map(drop)
                }
            })
            .await?;
            state.thumbprint_list = planned.thumbprint_list.clone();
            progress.save(state);
        }
        let Changes { set, remove } = tags::changes(cx, &prior.tags_all, &planned.tags_all)?;
        if !remove.is_empty() {
            let call = iam.untag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            let call = call.set_tag_keys(Some(remove));
            call.send().await.operation("UntagOpenIDConnectProvider")?;
        }
        if let Some(tags) = iam_tags::to_api(&Attr::Known(set)) {
            let call = iam.tag_open_id_connect_provider().open_id_connect_provider_arn(arn);
            call.set_tags(Some(tags)).send().await.operation("TagOpenIDConnectProvider")?;
        }
        Ok(planned)
    }

    async fn delete(cx: &Operation, state: Self) -> Result<()> {
        let iam = cx.provider().iam().await?;
        iam.delete_open_id_connect_provider()
            .set_open_id_connect_provider_arn(state.arn.into_known())
            .send()
            .await
            .operation("DeleteOpenIDConnectProvider")
            .map(drop)
    }
}

/// What IAM says when it cannot ask the issuer for its certificate.
const UNREACHABLE: &str = "OpenIdIdpCommunicationError";

impl OpenidConnectProvider {
    fn clients(&self) -> BTreeSet<String> {
        self.client_id_list.known().map(|set| set.0.iter().cloned().collect()).unwrap_or_default()
    }

    /// This configuration with what IAM says.
    fn seen(&self, found: Found) -> Self {
        Self {
            url: match (&self.url, found.url) {
                (_, Some(url)) => with_scheme(&url).into(),
                (ours, None) => ours.clone(),
            },
            client_id_list: Attr::Known(Set(found.client_id_list.unwrap_or_default())),
            thumbprint_list: Attr::Known(Set(found.thumbprint_list.unwrap_or_default())),
            tags_all: iam_tags::from_api(found.tags.as_deref()),
            ..self.clone()
        }
    }

    /// Takes over the provider of this issuer if it is as planned, as after an apply that was killed
    /// before its answer, and gives its ARN.
    async fn adopt(
        &self,
        cx: &Operation,
        iam: &Client,
        url: &str,
        refused: Error,
    ) -> Result<String> {
        let answer = iam.list_open_id_connect_providers().send().await;
        let answer = answer.operation("ListOpenIDConnectProviders")?;
        let all = answer.open_id_connect_provider_list.unwrap_or_default();
        let mut arns = all.into_iter().filter_map(|provider| provider.arn);
        let Some(arn) = arns.find(|arn| is_of(arn, url)) else { return Err(refused) };
        let seen = self.seen(get(iam, &arn).await?);
        let thumbprints = |list: &Attr<Set<String>>| -> BTreeSet<String> {
            list.known().map(|set| set.0.iter().cloned().collect()).unwrap_or_default()
        };
        let same = seen.clients() == self.clients()
            && seen.tags_all == self.tags_all
            && (self.thumbprint_list.known().is_none()
                || thumbprints(&seen.thumbprint_list) == thumbprints(&self.thumbprint_list));
        if !same {
            return Err(refused.at("url").advise(format!(
                "The account has a provider for this issuer, with other settings. To manage it \
                 here, import it: tofu import ADDRESS {arn}"
            )));
        }
        cx.warn(
            Path::root(),
            "Adopted an existing OIDC provider",
            format!("{arn} was there already, as configured. It is managed here from now on."),
        );
        Ok(arn)
    }
}

/// Calls that IAM refuses while another change is not through.
async fn changed<T, F>(cx: &Operation, call: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    propagation::retry(cx.deadline(), propagation::concurrent_modification, call).await
}

/// Adds and removes audiences. The new ones come first, so that no token is refused meanwhile.
async fn bring_clients(
    cx: &Operation,
    iam: &Client,
    arn: &str,
    before: &BTreeSet<String>,
    after: &BTreeSet<String>,
) -> Result<()> {
    for id in after.difference(before) {
        changed(cx, || {
            let call = iam.add_client_id_to_open_id_connect_provider();
            let call = call.open_id_connect_provider_arn(arn).client_id(id);
            async move { call.send().await.operation("AddClientIDToOpenIDConnectProvider") }
        })
        .await?;
    }
    for id in before.difference(after) {
        changed(cx, || {
            let call = iam.remove_client_id_from_open_id_connect_provider();
            let call = call.open_id_connect_provider_arn(arn).client_id(id);
            async move { call.send().await.operation("RemoveClientIDFromOpenIDConnectProvider") }
        })
        .await?;
    }
    Ok(())
}

async fn get(iam: &Client, arn: &str) -> Result<Found> {
    let call = iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn);
    call.send().await.operation("GetOpenIDConnectProvider")
}

/// The elements, if there are any.
fn listed(set: &Attr<Set<String>>) -> Option<Vec<String>> {
    set.known().map(|set| set.0.clone()).filter(|elements| !elements.is_empty())
}

/// What every URL of an issuer begins with, and IAM leaves out.
const SCHEME: &str = "https://";

/// The URL as the tokens have it.
fn with_scheme(url: &str) -> String {
    if url.starts_with(SCHEME) { url.to_owned() } else { format!("{SCHEME}{url}") }
}

/// Whether a provider is for this issuer: its ARN ends with the URL.
fn is_of(arn: &str, url: &str) -> bool {
    let of_arn = arn.split_once(":oidc-provider/").map(|(_, issuer)| issuer);
    of_arn.is_some() && of_arn == url.strip_prefix(SCHEME)
}

/// Rule of an issuer's URL, as IAM has it.
fn issuer(text: &str) -> std::result::Result<(), String> {
    let wrong = |why: &str| Err(format!("{text:?} is not the URL of an OIDC issuer: {why}"));
    if !text.starts_with(SCHEME) {
        return wrong("it does not begin with \"https://\"");
    }
    if text.len() > 255 {
        return wrong("it is longer than 255 characters");
    }
    let fits = |c: char| c.is_ascii_graphic();
    let Some(url) = Url::parse(text).ok().filter(|_| text.chars().all(fits)) else {
        return wrong("it is malformed");
    };
    if text[SCHEME.len()..].split('/').next().is_none_or(|host| host.contains(['@', ':'])) {
        return wrong("it has a port or a user");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("it has a query or a fragment");
    }
    if url.has_host() { Ok(()) } else { wrong("it has no host") }
}

/// Rule of an audience, as IAM has it.
fn client_id(text: &str) -> std::result::Result<(), String> {
    if (1..=255).contains(&text.chars().count()) {
        return Ok(());
    }
    Err(format!("{text:?} is not an audience: 1 to 255 characters"))
}

/// Rule of a certificate's thumbprint.
fn thumbprint(text: &str) -> std::result::Result<(), String> {
    let digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if text.len() == 40 && text.bytes().all(digit) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a thumbprint: 40 hexadecimal digits in lower case, without colons"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EKS: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF";

    #[test]
    fn an_issuer_is_written_as_its_tokens_have_it() {
        for good in [EKS, "https://token.actions.githubusercontent.com", "https://a.eu.auth0.com/"]
        {
            assert_eq!(issuer(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("token.actions.githubusercontent.com", "https://"),
            ("http://gitlab.example.com", "https://"),
            ("https://gitlab.example.com:8443", "a port"),
            ("https://me@gitlab.example.com", "a user"),
            ("https://gitlab.example.com?a=b", "a query"),
            ("https://gitlab.example.com#a", "a fragment"),
            ("https://", "malformed"),
            ("https://a b", "malformed"),
            (&format!("https://a/{}", "b".repeat(255)), "255"),
        ] {
            let rule = issuer(bad).unwrap_err();
            assert!(rule.contains(why), "{bad}: {rule}");
        }
    }

    #[test]
    fn an_issuer_is_seen_with_its_scheme() {
        let found = Found::builder().url(&EKS[8..]).client_id_list("sts.amazonaws.com").build();
        let seen = OpenidConnectProvider::default().seen(found);
        assert_eq!(seen.url.as_str(), Some(EKS));
        assert_eq!(seen.clients(), BTreeSet::from(["sts.amazonaws.com".to_owned()]));
        assert_eq!(with_scheme(EKS), EKS);
    }

    #[test]
    fn a_provider_is_found_by_its_whole_issuer() {
        let arn = |issuer: &str| format!("arn:aws:iam::123456789012:oidc-provider/{issuer}");
        assert!(is_of(&arn(&EKS[8..]), EKS));
        assert!(!is_of(&arn(&EKS[8..]), "https://oidc.eks.eu-west-1.amazonaws.com"));
        assert!(!is_of(&arn("oidc.eks.eu-west-1.amazonaws.com"), EKS));
        assert!(!is_of("arn:aws:iam::123456789012:role/x", "x"));
    }

    #[test]
    fn a_thumbprint_is_of_sha_1_and_in_lower_case() {
        assert_eq!(thumbprint("6938fd4d98bab03faadb97b34396831e3780aea1"), Ok(()));
        for bad in ["", "6938FD4D98BAB03FAADB97B34396831E3780AEA1", "69:38", &"g".repeat(40)] {
            assert!(thumbprint(bad).unwrap_err().contains("40 hexadecimal"), "{bad}");
        }
    }
}
