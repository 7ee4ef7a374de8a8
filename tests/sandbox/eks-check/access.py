"""Pod identity associations, access entries, access policies, and the tags of all resources."""

from harness import ACCOUNT, NO_CLUSTER, REGION, policy, role

NO_ENTRY = "The specified principalArn could not be found"


def check(h):
    pod_identity(h)
    access_entries(h)
    access_policies(h)
    tags(h)


def pod_identity(h):
    eks = h.eks
    arguments = {
        "clusterName": "demo",
        "namespace": "apps",
        "serviceAccount": "web.v1",
        "roleArn": role("web"),
        "targetRoleArn": role("target", "999999999999"),
        "disableSessionTags": True,
        "policy": '{"Version":"2012-10-17","Statement":[]}',
        "tags": {"a": "b"},
    }
    made = eks.create_pod_identity_association(**arguments)["association"]
    for member, value in arguments.items():
        h.equal(made[member], value, member)
    h.equal(made["externalId"], f"{REGION}/{ACCOUNT}/demo/apps/web.v1")
    where = {"clusterName": "demo", "associationId": made["associationId"]}
    h.equal(eks.describe_pod_identity_association(**where)["association"], made)

    in_use = f"Association already exists: {made['associationId']}"
    h.refused("ResourceInUseException", in_use, eks.create_pod_identity_association, **arguments)
    for name in ["b", "c"]:
        eks.create_pod_identity_association(
            clusterName="demo", namespace="apps", serviceAccount=name, roleArn=role("web")
        )
    pages = eks.get_paginator("list_pod_identity_associations").paginate(
        clusterName="demo", namespace="apps", PaginationConfig={"PageSize": 2}
    )
    h.equal([len(page["associations"]) for page in pages], [2, 1])
    found = eks.list_pod_identity_associations(
        clusterName="demo", namespace="apps", serviceAccount="web.v1"
    )["associations"]
    h.equal([item["associationId"] for item in found], [made["associationId"]])
    h.equal(eks.list_pod_identity_associations(clusterName="demo", namespace="none")["associations"], [])

    invalid = "InvalidParameterException"
    create = h.unchecked.create_pod_identity_association
    cases = [
        ({"namespace": "Apps"}, "The parameter namespace contains invalid characters"),
        ({"serviceAccount": "a..b"}, "The parameter serviceAccount contains invalid characters"),
        ({"roleArn": "web"}, "roleArn"),
        ({"roleArn": None}, "'roleArn'"),
        ({"disableSessionTags": False}, "disableSessionTags must be set to true"),
        ({"policy": "{"}, "not a valid IAM policy"),
        ({"targetRoleArn": "x"}, "targetRoleArn"),
    ]
    for changes, fragment in cases:
        bad = {**arguments, "serviceAccount": "other", **changes}
        bad = {k: v for k, v in bad.items() if v is not None}
        h.refused(invalid, fragment, create, **bad)
    h.refused(
        "AccessDeniedException",
        "Cross-account pass role is not allowed",
        create,
        **{**arguments, "roleArn": role("web", "999999999999")},
    )
    h.refused("ResourceNotFoundException", NO_CLUSTER, create, **{**arguments, "clusterName": "nowhere"})

    changed = eks.update_pod_identity_association(**where, roleArn=role("web-2"))["association"]
    h.equal((changed["roleArn"], changed["policy"]), (role("web-2"), arguments["policy"]))
    cleared = eks.update_pod_identity_association(**where, policy="", targetRoleArn="")["association"]
    h.equal({"policy", "targetRoleArn", "externalId"} & set(cleared), set())
    h.refused(invalid, "At least one", eks.update_pod_identity_association, **where)
    h.refused(
        invalid,
        "disableSessionTags",
        eks.update_pod_identity_association,
        **where,
        policy=arguments["policy"],
        disableSessionTags=False,
    )

    h.equal(
        eks.delete_pod_identity_association(**where)["association"]["associationId"],
        made["associationId"],
    )
    not_found = "ResourceNotFoundException"
    h.refused(not_found, "No association", eks.describe_pod_identity_association, **where)
    h.refused(not_found, "No association", eks.delete_pod_identity_association, **where)
    h.refused(not_found, "No association", eks.update_pod_identity_association, **where, roleArn=role("x"))
    h.refused(not_found, NO_CLUSTER, eks.list_pod_identity_associations, clusterName="nowhere")


def access_entries(h):
    eks = h.eks
    arguments = {
        "clusterName": "demo",
        "principalArn": role("team/deployer"),
        "kubernetesGroups": ["deployers"],
        "tags": {"a": "b"},
        "username": "deploy:{{SessionName}}",
    }
    made = eks.create_access_entry(**arguments)["accessEntry"]
    for member, value in arguments.items():
        h.equal(made[member], value, member)
    h.equal(made["type"], "STANDARD")
    prefix = f"arn:aws:eks:{REGION}:{ACCOUNT}:access-entry/demo/role/{ACCOUNT}/deployer/"
    h.equal(made["accessEntryArn"].startswith(prefix), True)
    where = {"clusterName": "demo", "principalArn": arguments["principalArn"]}
    h.equal(eks.describe_access_entry(**where)["accessEntry"], made)
    h.refused(
        "ResourceInUseException",
        "The specified access entry resource is already in use on this cluster.",
        eks.create_access_entry,
        **where,
    )

    updated = eks.update_access_entry(**where, kubernetesGroups=["a", "b"])["accessEntry"]
    h.equal(updated["kubernetesGroups"], ["a", "b"])
    default = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/{{{{SessionName}}}}"
    h.equal(updated["username"], default, "an omitted username is reset")
    node = {"clusterName": "demo", "principalArn": role("node")}
    h.equal(
        eks.create_access_entry(**node, type="EC2_LINUX")["accessEntry"]["username"],
        "system:node:{{EC2PrivateDNSName}}",
    )
    user = f"arn:aws:iam::{ACCOUNT}:user/people/ann"
    by_user = eks.create_access_entry(clusterName="demo", principalArn=user)["accessEntry"]
    h.equal(by_user["username"], user)

    invalid = "InvalidParameterException"
    create = h.unchecked.create_access_entry
    slr = role("aws-service-role/batch.amazonaws.com/X")
    cases = [
        ({"principalArn": "x"}, "invalid principal"),
        ({"principalArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b"}, "invalid principal"),
        ({"principalArn": slr}, "Service Linked Role"),
        ({"type": "PET"}, "'type'"),
        ({"kubernetesGroups": ["system:masters"]}, "system:masters is invalid, it cannot start with system:"),
        ({"username": "eks:me"}, "must not begin with eks:"),
        ({"username": "{{SessionName}}"}, "before {{SessionName}}"),
        ({"type": "EC2_LINUX", "kubernetesGroups": ["g"]}, "setting kubernetesGroups is not allowed"),
        ({"type": "EC2_LINUX", "username": "me"}, "setting username is not allowed"),
        ({"type": "EC2_LINUX", "principalArn": user}, "must be IAM role"),
        ({"type": "EC2_LINUX", "principalArn": role("x", "999999999999")}, "same account"),
    ]
    for changes, fragment in cases:
        bad = {"clusterName": "demo", "principalArn": role("other"), **changes}
        h.refused(invalid, fragment, create, **bad)
    standard = 'can only be performed on Access Entries with a type of "STANDARD"'
    h.refused(invalid, standard, eks.update_access_entry, **node, kubernetesGroups=[])

    not_found = "ResourceNotFoundException"
    missing = {"clusterName": "demo", "principalArn": role("missing")}
    h.refused(not_found, NO_ENTRY, eks.describe_access_entry, **missing)
    h.refused(not_found, NO_ENTRY, eks.update_access_entry, **missing)
    h.refused(not_found, NO_ENTRY, eks.delete_access_entry, **missing)
    h.refused(not_found, NO_CLUSTER, eks.list_access_entries, clusterName="nowhere")
    foreign = eks.create_access_entry(
        clusterName="demo", principalArn=role("guest", "999999999999")
    )["accessEntry"]
    h.equal(foreign["principalArn"], role("guest", "999999999999"))
    eks.delete_access_entry(clusterName="demo", principalArn=foreign["principalArn"])

    pages = eks.get_paginator("list_access_entries").paginate(
        clusterName="demo", PaginationConfig={"PageSize": 2}
    )
    listed = [arn for page in pages for arn in page["accessEntries"]]
    h.equal({where["principalArn"], node["principalArn"], user} <= set(listed), True)
    h.equal(len(listed), len(set(listed)))


def access_policies(h):
    eks = h.eks
    pages = eks.get_paginator("list_access_policies").paginate(PaginationConfig={"PageSize": 10})
    names = [item["name"] for page in pages for item in page["accessPolicies"]]
    h.equal(len(names), 33)
    h.refused("InvalidParameterException", "nextToken", eks.list_access_policies, nextToken="junk")

    entry = {"clusterName": "demo", "principalArn": role("team/deployer")}
    view = policy("AmazonEKSViewPolicy")
    associate = h.unchecked.associate_access_policy
    cluster, dev = {"type": "cluster"}, {"type": "namespace", "namespaces": ["dev-*"]}
    made = associate(**entry, policyArn=view, accessScope=cluster)["associatedAccessPolicy"]
    again = associate(**entry, policyArn=view, accessScope=dev)["associatedAccessPolicy"]
    h.equal(made["accessScope"], {"type": "cluster", "namespaces": []})
    h.equal(again["accessScope"], dev, "associating again replaces the scope")
    h.equal(again["associatedAt"], made["associatedAt"])
    associate(**entry, policyArn=policy("AmazonEKSEditPolicy"), accessScope=cluster)
    pages = eks.get_paginator("list_associated_access_policies").paginate(
        **entry, PaginationConfig={"PageSize": 1}
    )
    pages = [[item["policyArn"] for item in page["associatedAccessPolicies"]] for page in pages]
    h.equal(pages, [[policy("AmazonEKSEditPolicy")], [view]])
    with_view = eks.list_access_entries(clusterName="demo", associatedPolicyArn=view)
    h.equal(with_view["accessEntries"], [entry["principalArn"]])

    invalid, not_found = "InvalidParameterException", "ResourceNotFoundException"
    cases = [
        (invalid, {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "format is not valid"),
        (not_found, {"policyArn": policy("AmazonEKSNoSuchPolicy")}, "policyArn could not be found"),
        (not_found, {"policyArn": view.replace("arn:aws:", "arn:aws-cn:")}, "policyArn could not be found"),
        (invalid, {"policyArn": policy("AmazonEKSComputePolicy")}, "service-linked roles"),
        (invalid, {"accessScope": {"type": "cluster", "namespaces": ["a"]}}, "should not include namespaces"),
        (invalid, {"accessScope": {"type": "namespace"}}, "At least 1 namespace"),
        (invalid, {"accessScope": {"type": "galaxy"}}, "[cluster, namespace]"),
        (not_found, {"principalArn": role("missing")}, NO_ENTRY),
        (invalid, {"principalArn": role("node")}, 'a type of "STANDARD"'),
        (not_found, {"clusterName": "nowhere"}, NO_CLUSTER),
    ]
    for code, changes, fragment in cases:
        arguments = {**entry, "policyArn": view, "accessScope": cluster, **changes}
        h.refused(code, fragment, associate, **arguments)

    eks.disassociate_access_policy(**entry, policyArn=view)
    h.refused(not_found, "not associated", eks.disassociate_access_policy, **entry, policyArn=view)
    eks.delete_access_entry(**entry)
    h.refused(not_found, NO_ENTRY, eks.list_associated_access_policies, **entry)


def tags(h):
    eks = h.eks
    entry = eks.describe_access_entry(clusterName="demo", principalArn=role("node"))["accessEntry"]
    associations = eks.list_pod_identity_associations(clusterName="demo")["associations"]
    arns = [
        eks.describe_cluster(name="demo")["cluster"]["arn"],
        h.capability("demo", "kro")["arn"],
        entry["accessEntryArn"],
        associations[0]["associationArn"],
    ]
    for arn in arns:
        eks.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        eks.tag_resource(resourceArn=arn, tags={"b": "3"})
        h.equal(eks.list_tags_for_resource(resourceArn=arn)["tags"], {"a": "1", "b": "3"}, arn)
        eks.untag_resource(resourceArn=arn, tagKeys=["a", "unknown"])
        h.equal(eks.list_tags_for_resource(resourceArn=arn)["tags"], {"b": "3"}, arn)
    many = {f"k{n}": "v" for n in range(50)}
    h.refused("BadRequestException", "at most 50", eks.tag_resource, resourceArn=arns[0], tags=many)
    bad = "BadRequestException"
    h.refused(bad, "not the ARN", eks.tag_resource, resourceArn="x", tags={"a": "b"})
    h.refused(bad, "reserved", eks.tag_resource, resourceArn=arns[0], tags={"AWS:a": "b"})
    h.refused(bad, "at least one", h.unchecked.tag_resource, resourceArn=arns[0], tags={})
    h.refused(bad, "tagKeys", h.unchecked.untag_resource, resourceArn=arns[0], tagKeys=[])
    gone = f"{arns[0]}-gone"
    h.refused("NotFoundException", gone, eks.list_tags_for_resource, resourceArn=gone)
