//! Where the models differ from the definitions on purpose.

use super::compare::What;

/// A difference, and why it is right.
pub(super) struct Entry {
    /// The field, by its names in the API; every field that ends so, where it begins with `*`.
    pub(super) at: &'static str,
    /// In what it differs.
    pub(super) what: What,
    /// Why.
    pub(super) because: &'static str,
}

const fn entry(at: &'static str, what: What, because: &'static str) -> Entry {
    Entry { at, what, because }
}

/// Why what is different from a template is JSON.
const OVERRIDE: &str = "the whole template once more: one JSON text, checked against the typed one";
/// Why parameters are JSON.
const PARAMETERS: &str = "parameters are of any type: one JSON text with all of them";

/// Why a field without a schema is dynamic.
const OPEN: &str = "an object of any content, which is written in plain HCL";

/// Every difference that there is.
pub(super) const ALLOWED: &[Entry] = &[
    entry("Application.project", What::Required, "it has a default"),
    entry(
        "Application.project",
        What::Default,
        "Argo CD takes an empty project for \"default\", and writes that into the object",
    ),
    entry(
        "Application.revisionHistoryLimit",
        What::Range,
        "a negative number of past deployments means nothing",
    ),
    entry(
        "Application.syncPolicy.retry.backoff.factor",
        What::Range,
        "a negative factor would make the wait negative",
    ),
    entry(
        "ApplicationSet.applyNestedSelectors",
        What::NoAttribute,
        "Argo CD ignores it: selectors within generators always apply",
    ),
    entry("ApplicationSet.generators[].clusterDecisionResource.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].clusters.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].git.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].list.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].matrix.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].merge.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].oci.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].plugin.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].pullRequest.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].scmProvider.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].list.elements", What::Type, PARAMETERS),
    entry("ApplicationSet.generators[].plugin.input.parameters", What::Type, PARAMETERS),
    entry(
        "ApplicationSet.generators[].matrix.generators[].clusterDecisionResource.template",
        What::Type,
        OVERRIDE,
    ),
    entry(
        "ApplicationSet.generators[].matrix.generators[].clusters.template",
        What::Type,
        OVERRIDE,
    ),
    entry("ApplicationSet.generators[].matrix.generators[].git.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].matrix.generators[].list.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].matrix.generators[].oci.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].matrix.generators[].plugin.template", What::Type, OVERRIDE),
    entry(
        "ApplicationSet.generators[].matrix.generators[].pullRequest.template",
        What::Type,
        OVERRIDE,
    ),
    entry(
        "ApplicationSet.generators[].matrix.generators[].scmProvider.template",
        What::Type,
        OVERRIDE,
    ),
    entry("ApplicationSet.generators[].matrix.generators[].list.elements", What::Type, PARAMETERS),
    entry(
        "ApplicationSet.generators[].matrix.generators[].plugin.input.parameters",
        What::Type,
        PARAMETERS,
    ),
    entry(
        "ApplicationSet.generators[].merge.generators[].clusterDecisionResource.template",
        What::Type,
        OVERRIDE,
    ),
    entry("ApplicationSet.generators[].merge.generators[].clusters.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].merge.generators[].git.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].merge.generators[].list.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].merge.generators[].oci.template", What::Type, OVERRIDE),
    entry("ApplicationSet.generators[].merge.generators[].plugin.template", What::Type, OVERRIDE),
    entry(
        "ApplicationSet.generators[].merge.generators[].pullRequest.template",
        What::Type,
        OVERRIDE,
    ),
    entry(
        "ApplicationSet.generators[].merge.generators[].scmProvider.template",
        What::Type,
        OVERRIDE,
    ),
    entry("ApplicationSet.generators[].merge.generators[].list.elements", What::Type, PARAMETERS),
    entry(
        "ApplicationSet.generators[].merge.generators[].plugin.input.parameters",
        What::Type,
        PARAMETERS,
    ),
    entry("ApplicationSet.template.spec.project", What::Required, "it has a default"),
    entry("ApplicationSet.template.spec.project", What::Default, "as in an application"),
    entry("ApplicationSet.template.spec.revisionHistoryLimit", What::Range, "as in an application"),
    entry(
        "ApplicationSet.template.spec.sourceHydrator.syncSource.path",
        What::Check,
        "checked where it has no parameters, with the rules for a whole template",
    ),
    entry(
        "ApplicationSet.template.spec.syncPolicy.retry.backoff.factor",
        What::Range,
        "as in an application",
    ),
    entry("AppProject.description", What::Check, "checked by the rules for a whole project"),
    entry(
        "AppProject.sourceIntegrity.git.policies[].gpg.mode",
        What::Enum,
        "Argo CD's code knows these three, and refuses to sync with another",
    ),
    entry(
        "AppProject.syncWindows[].duration",
        What::Required,
        "Argo CD's validation refuses a window without it",
    ),
    entry(
        "AppProject.syncWindows[].kind",
        What::Required,
        "Argo CD's validation refuses a window without it",
    ),
    entry("AppProject.syncWindows[].kind", What::Enum, "Argo CD's validation knows these two"),
    entry(
        "AppProject.syncWindows[].schedule",
        What::Required,
        "Argo CD's validation refuses a window without it",
    ),
    entry(
        "*.secretRef.name",
        What::Required,
        "a Secret without a name is none: the receiver would never be ready",
    ),
    entry("*.secretRef.name", What::Default, "it is required"),
    entry("ClusterConfig.gitClient.signingKeySecret.name", What::Required, "as of a receiver"),
    entry("ClusterConfig.gitClient.signingKeySecret.name", What::Default, "it is required"),
    entry(
        "*.matchIndices[].operator",
        What::Enum,
        "Kargo's code knows these two, and fails on every request with another",
    ),
    entry(
        "ProjectConfig.promotionPolicies[].autoRollback.onPromotion",
        What::Enum,
        "a rule of the definition knows these two",
    ),
    entry(
        "ProjectConfig.promotionPolicies[].autoRollback.onVerification",
        What::Enum,
        "a rule of the definition knows these two",
    ),
    entry("PromotionTask.steps", What::Type, "as in a stage"),
    entry("PromotionTask.steps", What::Length, "as in a stage"),
    entry("ClusterPromotionTask.steps", What::Type, "as in a stage"),
    entry("ClusterPromotionTask.steps", What::Length, "as in a stage"),
    entry(
        "Promotion.steps",
        What::NoAttribute,
        "Kargo's webhook puts the steps of the stage in their place, whatever is sent",
    ),
    entry(
        "Promotion.vars",
        What::NoAttribute,
        "Kargo's webhook puts the variables of the stage in their place, whatever is sent",
    ),
    entry("Promotion.origin.kind", What::Required, "it has a default"),
    entry("Promotion.origin.kind", What::Default, "there is only one kind of origin"),
    entry("Freight.origin.kind", What::Required, "it has a default"),
    entry("Freight.origin.kind", What::Default, "there is only one kind of origin"),
    entry("Freight.discoveredAt", What::NoAttribute, "Kargo's webhook writes it"),
    entry("Freight.charts[].repoURL", What::Required, "without it no subscription fits"),
    entry("Freight.charts[].version", What::Required, "without it nothing can be deployed"),
    entry("Freight.commits[].id", What::Required, "without it nothing can be deployed"),
    entry("Freight.commits[].repoURL", What::Required, "without it no subscription fits"),
    entry("Freight.images[].repoURL", What::Required, "without it no subscription fits"),
    entry(
        "Stage.promotionTemplate.spec",
        What::Required,
        "its fields are those of promotion_template; that one without the other is never sent",
    ),
    entry(
        "Stage.promotionTemplate.spec.steps",
        What::Type,
        "a step's config is of any type: the steps are one dynamic value, compared as Step",
    ),
    entry(
        "Stage.promotionTemplate.spec.steps",
        What::Length,
        "checked with the shape of the steps",
    ),
    entry("Stage.requestedFreight[].origin.kind", What::Required, "it has a default"),
    entry(
        "Stage.requestedFreight[].origin.kind",
        What::Default,
        "there is only one kind of origin",
    ),
    entry(
        "Stage.requestedFreight[].sources.availabilityStrategy",
        What::Enum,
        "an empty text means OneOf, which can be written, or left out",
    ),
    entry("Warehouse.interval", What::Required, "it has a default, that of the definition"),
    entry(
        "Warehouse.subscriptions",
        What::Type,
        "the definition leaves the items open; their fields are compared with Kargo's own schemas",
    ),
    entry(
        "git.allowTags",
        What::NoAttribute,
        "Kargo's discovery fails when it is set, since 1.11; allowTagsRegexes is in its place",
    ),
    entry(
        "git.ignoreTags",
        What::NoAttribute,
        "Kargo's discovery fails when it is set, since 1.11; ignoreTagsRegexes is in its place",
    ),
    entry("git.branch", What::Check, "checked by the rules for a whole subscription"),
    entry("image.platform", What::Check, "checked by the rules for a whole subscription"),
    entry(
        "image.allowTags",
        What::NoAttribute,
        "Kargo's discovery fails when it is set, since 1.11; allowTagsRegexes is in its place",
    ),
    entry(
        "image.ignoreTags",
        What::NoAttribute,
        "Kargo's discovery fails when it is set, since 1.11; ignoreTagsRegexes is in its place",
    ),
    entry(
        "image.cacheByTag",
        What::Default,
        "Kargo's webhook fills nothing in; the default is that of the missing field",
    ),
    entry("ResourceGraphDefinition.schema.scope", What::Required, "it has a default"),
    entry("ResourceGraphDefinition.schema.spec", What::Type, OPEN),
    entry("ResourceGraphDefinition.schema.status", What::Type, OPEN),
    entry("ResourceGraphDefinition.schema.types", What::Type, OPEN),
];
