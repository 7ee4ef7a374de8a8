//! The AWS part as a whole: moto, the EKS emulator, and what the two know of the sandbox.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use http::Method;
use serde_json::json;

use crate::Options;
use crate::aws::{self, Credentials, Moto};
use crate::eks::{AccessKey, ClusterSpec, Emulator, EmulatorConfig};
use crate::eks_api::{EksApi, segment};
use crate::kubernetes::{self, Access, ControlPlane, Webhooks};
use crate::managed::{Cluster, Managed};
use crate::process::Supervisor;
use crate::tools::Toolbox;

/// The version of Kubernetes that the EKS API reports.
const KUBERNETES_VERSION: &str = "1.36";

/// The policy of whoever created a cluster.
const ADMINISTRATOR: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/// IAM, STS, ECR and the EKS API. The order of the fields is the order in which they end.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) managed: Managed,
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) moto: Moto,
}

impl Cloud {
    /// Starts both. The cluster joins when its address is known: it must know the webhooks first.
    pub(crate) fn start(
        options: &Options,
        folder: &Path,
        tools: &Toolbox,
        supervisor: &Supervisor,
    ) -> anyhow::Result<Self> {
        let moto = Moto::spawn(&folder.join("moto"), tools, supervisor)?;
        let emulator = Emulator::start(EmulatorConfig {
            account_id: aws::ACCOUNT_ID.to_owned(),
            region: options.region.clone(),
            iam_url: Some(moto.url().clone()),
            clusters: Vec::new(),
            on_capability_active: None,
            tick: options.tick,
        })?;
        let managed = Managed::new(
            options.clone(),
            folder.to_owned(),
            tools.clone(),
            supervisor.clone(),
            moto.api().clone(),
        );
        if options.is_managed() {
            emulator.on_capability_active(managed.on_active());
            emulator.on_capability_deleted(managed.on_deleted());
        }
        let emulator = Arc::new(emulator);
        Ok(Self { managed, emulator, moto })
    }

    /// What the API server is to ask.
    pub(crate) fn webhooks(&self) -> Webhooks {
        Webhooks {
            authentication: self.emulator.authn_webhook_url().into(),
            authorization: self.emulator.authz_webhook_url().into(),
        }
    }

    /// Makes the control plane an EKS cluster with one administrator, an IAM user whose credentials
    /// are given.
    pub(crate) async fn join(
        &mut self,
        options: &Options,
        control_plane: &ControlPlane,
        folder: &Path,
    ) -> anyhow::Result<Credentials> {
        self.emulator.add_cluster(ClusterSpec {
            name: options.cluster.clone(),
            endpoint: control_plane.endpoint().to_owned(),
            ca_pem: control_plane.ca_pem().to_owned(),
            version: KUBERNETES_VERSION.to_owned(),
        });
        let (endpoint, ca) = (control_plane.endpoint(), Some(control_plane.ca_pem()));
        let anonymous = kubernetes::kubeconfig(endpoint, ca, None, "default");
        let anonymous = Access::write(&folder.join("anonymous.kubeconfig"), &anonymous).await?;
        self.managed.set_cluster(Cluster {
            arn: options.cluster_arn(),
            admin: control_plane.admin().clone(),
            anonymous,
            emulator: Arc::downgrade(&self.emulator),
        });

        self.moto.ready().await?;
        let user = self.moto.api().create_administrator("sandbox").await?;
        // Known to the emulator, the signatures in its tokens are verified; moto verifies none.
        self.emulator.add_access_key(AccessKey {
            access_key_id: user.credentials.access_key_id.clone(),
            secret_access_key: user.credentials.secret_access_key.clone(),
            session_token: user.credentials.session_token.clone(),
            arn: user.arn.clone(),
            user_id: Some(user.id),
        });
        let eks = EksApi::new(self.emulator.url(), &options.region);
        let entries = format!("clusters/{}/access-entries", segment(&options.cluster));
        let entry = json!({ "principalArn": user.arn });
        eks.call(Method::POST, &entries, Some(&entry)).await?;
        let policies = format!("{entries}/{}/access-policies", segment(&user.arn));
        let policy = json!({ "policyArn": ADMINISTRATOR, "accessScope": { "type": "cluster" } });
        let given = eks.call(Method::POST, &policies, Some(&policy)).await;
        given.context("cannot make the user an administrator of the cluster")?;
        // What a test counts begins here.
        self.emulator.forget_calls();
        Ok(user.credentials)
    }
}
