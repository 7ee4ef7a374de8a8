//! IAM, ECR and STS: moto's server, and the few calls that the sandbox itself makes to it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use http::{Request, header};
use http_body_util::Full;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::http_client::HttpClient;
use crate::ports;
use crate::process::{Process, START_TIMEOUT, Supervisor, listens};
use crate::tools::Toolbox;

/// moto's account.
pub const ACCOUNT_ID: &str = "123456789012";

/// A running moto. Dropping it ends it, and with it everything it holds.
#[derive(Debug)]
pub struct Moto {
    api: Api,
    port: u16,
    process: Process,
}

impl Moto {
    /// Starts it and does not wait: [`Moto::ready`] does.
    pub fn spawn(folder: &Path, tools: &Toolbox, supervisor: &Supervisor) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let port = ports::free()?;
        let mut moto = Command::new(tools.require("python")?);
        moto.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        // Costs 0.3 s at the first call to IAM; without it no policy of AWS' own can be attached.
        moto.current_dir(folder).env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
        let process = supervisor.spawn("moto", &moto)?;
        let url = Url::parse(&format!("http://127.0.0.1:{port}/"))?;
        let client = HttpClient::new(START_TIMEOUT);
        Ok(Self { api: Api { url, client }, port, process })
    }

    /// Waits until it answers.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        self.process.wait_ready(START_TIMEOUT, || listens(self.port)).await
    }

    /// Its one URL, for all services.
    pub fn url(&self) -> &Url {
        &self.api.url
    }

    /// For making calls.
    pub fn api(&self) -> &Api {
        &self.api
    }
}

/// Credentials as IAM and STS give them out.
#[derive(Clone)]
pub struct Credentials {
    /// `AKIA…` of a user, `ASIA…` of a session.
    pub access_key_id: String,
    /// The key that signs.
    pub secret_access_key: String,
    /// Of a session.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// An IAM user with an access key.
#[derive(Clone, Debug)]
pub struct User {
    /// `arn:aws:iam::ACCOUNT:user/NAME`.
    pub arn: String,
    /// `AIDA…`.
    pub id: String,
    /// Its access key.
    pub credentials: Credentials,
}

/// A client of IAM's and STS' query protocol. It does not sign, which moto does not ask for.
#[derive(Clone, Debug)]
pub struct Api {
    url: Url,
    client: HttpClient,
}

impl Api {
    /// A user with AWS' policy for administrators and an access key.
    pub async fn create_administrator(&self, name: &str) -> anyhow::Result<User> {
        let user = self.call("iam", "CreateUser", &[("UserName", name)]).await?;
        let policy = "arn:aws:iam::aws:policy/AdministratorAccess";
        self.call("iam", "AttachUserPolicy", &[("UserName", name), ("PolicyArn", policy)]).await?;
        let key = self.call("iam", "CreateAccessKey", &[("UserName", name)]).await?;
        Ok(User {
            arn: text_of(&user, "Arn")?,
            id: text_of(&user, "UserId")?,
            credentials: credentials(&key)?,
        })
    }

    /// The names of all roles.
    pub async fn role_names(&self) -> anyhow::Result<Vec<String>> {
        let answer = self.call("iam", "ListRoles", &[("MaxItems", "1000")]).await?;
        let document = roxmltree::Document::parse(&answer)?;
        let names = document.descendants().filter(|node| node.tag_name().name() == "RoleName");
        Ok(names.filter_map(|node| node.text()).map(str::to_owned).collect())
    }

    /// A session of a role.
    pub async fn assume_role(&self, role_arn: &str, session: &str) -> anyhow::Result<Credentials> {
        let parameters = [("RoleArn", role_arn), ("RoleSessionName", session)];
        credentials(&self.call("sts", "AssumeRole", &parameters).await?)
    }

    /// A role with a trust policy, as JSON text. Gives its ARN.
    pub async fn create_role(&self, name: &str, trust: &str) -> anyhow::Result<String> {
        let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", trust)];
        text_of(&self.call("iam", "CreateRole", &parameters).await?, "Arn")
    }

    async fn call(
        &self,
        service: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> anyhow::Result<String> {
        let version = if service == "sts" { "2011-06-15" } else { "2010-05-08" };
        let body = Serializer::new(String::new())
            .extend_pairs([("Action", action), ("Version", version)])
            .extend_pairs(parameters)
            .finish();
        // The scope of the credentials is how moto knows which service is meant.
        let scope = format!("sandbox/20260101/us-east-1/{service}/aws4_request");
        let request = Request::post(self.url.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(
                header::AUTHORIZATION,
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            )
            .body(Full::from(body))?;
        let answer =
            self.client.send(request).await.with_context(|| format!("cannot call {action}"))?;
        let (status, text) = (answer.status, String::from_utf8(answer.body.to_vec())?);
        if !status.is_success() {
            bail!("{action} answered {status}: {text}");
        }
        Ok(text)
    }
}

fn credentials(answer: &str) -> anyhow::Result<Credentials> {
    Ok(Credentials {
        access_key_id: text_of(answer, "AccessKeyId")?,
        secret_access_key: text_of(answer, "SecretAccessKey")?,
        session_token: text_of(answer, "SessionToken").ok(),
    })
}

/// The text of the first element of this name.
fn text_of(xml: &str, name: &str) -> anyhow::Result<String> {
    let document = roxmltree::Document::parse(xml)?;
    let element = document.descendants().find(|node| node.tag_name().name() == name);
    let text = element
        .and_then(|node| node.text())
        .with_context(|| format!("the answer has no {name}: {xml}"))?;
    Ok(text.trim().to_owned())
}
