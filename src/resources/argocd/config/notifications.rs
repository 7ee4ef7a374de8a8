//! Who hears of what, by which service.

use std::collections::BTreeMap;

use crate::framework::{Attr, Model, Secret};

/// Who hears of what, by which service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Notifications {
    /// Services by type as in `slack`, or by type and name as in `webhook.github`: their settings, a
    /// YAML or JSON document from `yamlencode(...)`. Secrets in it name keys of `secrets_wo`, as in
    /// `$slack-token`.
    #[attr(api = "@services", same = crate::framework::yaml::same)]
    pub services: Attr<BTreeMap<String, String>>,
    /// Messages by name: YAML or JSON documents from `yamlencode(...)`, with `message` and what
    /// single services have beside it.
    #[attr(api = "@templates", same = crate::framework::yaml::same)]
    pub templates: Attr<BTreeMap<String, String>>,
    /// When which messages are sent, by name.
    #[attr(api = "@triggers")]
    pub triggers: Attr<BTreeMap<String, Trigger>>,
    /// Who hears of all applications, or those with some labels, without asking for it.
    pub subscriptions: Attr<Vec<Subscription>>,
    /// Triggers of those who subscribe to none by name.
    pub default_triggers: Attr<Vec<String>>,
    /// Triggers of those who subscribe to none by name, by service.
    #[attr(api = "@default_triggers")]
    pub service_default_triggers: Attr<BTreeMap<String, Vec<String>>>,
    /// Texts that messages may use by name, as `{{.context.NAME}}`.
    pub context: Attr<BTreeMap<String, String>>,
    /// Secrets that `services` refer to, by key, kept nowhere. Sent anew when `secrets_wo_version`
    /// changes.
    #[attr(write_only, local)]
    pub secrets_wo: Attr<BTreeMap<String, Secret>>,
    /// Version of `secrets_wo`: any number that changes with it.
    #[attr(local)]
    pub secrets_wo_version: Attr<i64>,
}

/// When which messages are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Trigger {
    /// Each is looked at by itself.
    #[attr(required, length(1, usize::MAX))]
    pub conditions: Attr<Vec<TriggerCondition>>,
}

/// A condition, and what is sent when it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct TriggerCondition {
    /// The condition, as in `app.status.operationState.phase in ['Error', 'Failed']`.
    #[attr(required)]
    pub when: Attr<String>,
    /// Names of the templates that are sent.
    #[attr(required, length(1, usize::MAX))]
    pub send: Attr<Vec<String>>,
    /// Field whose value tells occasions apart, as in `app.status.sync.revision`: one message for
    /// each. One for each time that the condition comes to hold when not set.
    pub once_per: Attr<String>,
    /// What it is about.
    pub description: Attr<String>,
}

/// Who hears of something without asking for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Subscription {
    /// Services, each with a recipient where it has one: `slack:deployments`.
    #[attr(required, length(1, usize::MAX))]
    pub recipients: Attr<Vec<String>>,
    /// Names of triggers; the default ones when not set.
    pub triggers: Attr<Vec<String>>,
    /// Only applications with these labels, as `kubectl --selector` has it.
    pub selector: Attr<String>,
}
