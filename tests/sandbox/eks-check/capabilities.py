"""Capabilities and their updates: life cycles, validation, failures."""

from harness import ACCOUNT, NO_CLUSTER, policy, role

IDC = "arn:aws:sso:::instance/ssoins-1234567890abcdef"


def check(h):
    """Leaves the capabilities ack and kro on cluster demo, argocd and kro on another."""
    life(h)
    role_mappings(h)
    capability_faults(h)


def mapping(of, *users):
    return {"role": of, "identities": [{"id": user, "type": "SSO_USER"} for user in users]}


def life(h):
    eks = h.eks
    argo_cd = {
        "namespace": "argocd",
        "awsIdc": {"idcInstanceArn": IDC, "idcRegion": "eu-west-1"},
        "rbacRoleMappings": [{"role": "ADMIN", "identities": [{"id": "u1", "type": "SSO_USER"}]}],
        "networkAccess": {"vpceIds": ["vpce-1"]},
        "endpointPrefix": "team-a",
    }
    arguments = {
        "clusterName": "demo",
        "capabilityName": "argocd",
        "type": "ARGOCD",
        "roleArn": role("argocd"),
        "configuration": {"argoCd": argo_cd},
        "deletePropagationPolicy": "RETAIN",
        "tags": {"team": "a"},
        "clientRequestToken": "token-1",
    }
    made = eks.create_capability(**arguments)["capability"]
    h.equal(made["status"], "CREATING")
    h.equal("serverUrl" in made["configuration"]["argoCd"], False)
    h.equal(eks.create_capability(**arguments)["capability"]["arn"], made["arn"], "same token")
    different = {**arguments, "tags": {}}
    h.refused("InvalidParameterException", "clientRequestToken", eks.create_capability, **different)

    where = {"clusterName": "demo", "capabilityName": "argocd"}
    h.refused("ResourceInUseException", "CREATING", eks.delete_capability, **where)
    h.equal(h.until_status("demo", "argocd", "ACTIVE"), ["CREATING", "ACTIVE"])
    active = h.capability("demo", "argocd")
    configured = active["configuration"]["argoCd"]
    for member in ["namespace", "endpointPrefix", "networkAccess", "rbacRoleMappings"]:
        h.equal(configured[member], argo_cd[member])
    h.equal(configured["serverUrl"].startswith("https://team-a-"), True)
    h.equal("idcManagedApplicationArn" in configured["awsIdc"], True)
    h.equal(active["health"], {"issues": []})

    entry = {"clusterName": "demo", "principalArn": role("argocd")}
    auto = eks.describe_access_entry(**entry)["accessEntry"]
    session = "{{SessionName}}"
    h.equal(auto["username"], f"arn:aws:sts::{ACCOUNT}:assumed-role/argocd/{session}")
    h.equal((auto["type"], auto["kubernetesGroups"]), ("STANDARD", []))
    granted = eks.list_associated_access_policies(**entry)["associatedAccessPolicies"]
    scopes = {item["policyArn"]: item["accessScope"] for item in granted}
    h.equal(
        scopes,
        {
            policy("AmazonEKSArgoCDClusterPolicy"): {"type": "cluster", "namespaces": []},
            policy("AmazonEKSArgoCDPolicy"): {"type": "namespace", "namespaces": ["argocd"]},
        },
    )

    again = {**arguments, "clientRequestToken": "token-2"}
    h.refused("ResourceInUseException", "already exists", eks.create_capability, **again)
    again["capabilityName"] = "second"
    h.refused("ResourceInUseException", "ARGOCD", eks.create_capability, **again)

    for kind in ["ACK", "KRO"]:
        arguments = {
            "clusterName": "demo",
            "capabilityName": kind.lower(),
            "type": kind,
            "roleArn": role(kind.lower()),
            "deletePropagationPolicy": "RETAIN",
        }
        if kind == "ACK":
            ack = {"enableCrossNamespace": True, "disabledServices": ["s3", "ec2"]}
            arguments["configuration"] = {"ack": ack}
        eks.create_capability(**arguments)
        h.until_status("demo", kind.lower(), "ACTIVE")
    h.equal(h.capability("demo", "ack")["configuration"], {"ack": ack})

    pages = eks.get_paginator("list_capabilities").paginate(
        clusterName="demo", PaginationConfig={"PageSize": 2}
    )
    names = [[item["capabilityName"] for item in page["capabilities"]] for page in pages]
    h.equal(names, [["ack", "argocd"], ["kro"]])

    invalid_capabilities(h, again)
    updates(h)

    gone = eks.delete_capability(**where)["capability"]
    h.equal(gone["status"], "DELETING")
    h.until_gone("demo", "argocd")
    h.refused("ResourceNotFoundException", "argocd", eks.delete_capability, **where)
    kept = eks.list_access_entries(clusterName="demo")["accessEntries"]
    h.equal(role("argocd") in kept, True, "the entry outlives the capability")


def invalid_capabilities(h, good):
    invalid = "InvalidParameterException"
    create = h.unchecked.create_capability

    def bad(**changes):
        changed = {**good, "clientRequestToken": str(changes), **changes}
        return {member: value for member, value in changed.items() if value is not None}

    def argo_cd(**changes):
        return {"argoCd": {**good["configuration"]["argoCd"], **changes}}

    cases = [
        ({"clusterName": "nowhere"}, NO_CLUSTER),
        ({"capabilityName": "no spaces"}, "capabilityName"),
        ({"type": "FLUX"}, "[ACK, KRO, ARGOCD]"),
        ({"roleArn": "argocd"}, "roleArn"),
        ({"roleArn": None}, "'roleArn'"),
        ({"deletePropagationPolicy": "DELETE"}, "[RETAIN]"),
        ({"configuration": None}, "configuration.argoCd is required"),
        ({"configuration": {"ack": {}}}, "not allowed"),
        ({"configuration": argo_cd(namespace="Not_A_Label")}, "namespace"),
        ({"configuration": argo_cd(awsIdc={})}, "awsIdc.idcInstanceArn"),
        ({"configuration": argo_cd(awsIdc={"idcInstanceArn": "x"})}, "Identity Center"),
        ({"configuration": argo_cd(endpointPrefix="-a")}, "endpointPrefix"),
        ({"configuration": argo_cd(networkAccess={"vpceIds": ["eni-1"]})}, "vpceIds"),
        (
            {"configuration": argo_cd(rbacRoleMappings=[{"role": "OWNER", "identities": []}])},
            "rbacRoleMappings.1.member.role",
        ),
        ({"tags": {f"k{n}": "v" for n in range(51)}}, "at most 50"),
        ({"tags": {"aws:x": "v"}}, "reserved"),
    ]
    for changes, fragment in cases:
        h.refused(invalid, fragment, create, **bad(**changes))
    foreign = bad(roleArn=role("argocd", "999999999999"))
    h.refused("AccessDeniedException", "Cross-account pass role", create, **foreign)

    h.sandbox("PUT", "clusters/another/authentication-mode", "CONFIG_MAP")
    mode = "must be set to one of [API, API_AND_CONFIG_MAP]"
    other = bad(clusterName="another")
    h.refused("InvalidRequestException", mode, create, **other)
    h.refused("InvalidRequestException", mode, h.eks.list_access_entries, clusterName="another")
    h.sandbox("PUT", "clusters/another/authentication-mode", "API")
    h.sandbox("PUT", "clusters/another/status", "CREATING")
    h.refused("InvalidRequestException", "must be ACTIVE", create, **other)
    h.sandbox("PUT", "clusters/another/status", "ACTIVE")

    h.refused(invalid, NO_CLUSTER, h.eks.list_capabilities, clusterName="nowhere")
    missing = {"clusterName": "demo", "capabilityName": "missing"}
    not_found = "ResourceNotFoundException"
    h.refused(not_found, "missing", h.eks.describe_capability, **missing)
    h.refused(not_found, "missing", h.eks.update_capability, **missing, roleArn=role("x"))


def updates(h):
    eks = h.eks
    where = {"clusterName": "demo", "capabilityName": "argocd"}
    update = eks.update_capability(
        **where,
        roleArn=role("argocd-2"),
        configuration={"argoCd": {"networkAccess": {"vpceIds": []}}},
    )["update"]
    h.equal((update["status"], update["type"]), ("InProgress", "CapabilityUpdate"))
    h.equal({item["type"] for item in update["params"]}, {"RoleArn", "NetworkAccess"})
    h.refused("ResourceInUseException", "UPDATING", eks.update_capability, **where, roleArn=role("x"))
    h.until_updated("demo", "argocd", update["id"], "Successful")
    after = h.capability("demo", "argocd")
    h.equal((after["status"], after["roleArn"]), ("ACTIVE", role("argocd-2")))
    h.equal(after["configuration"]["argoCd"]["networkAccess"], {"vpceIds": []})
    entry = eks.describe_access_entry(clusterName="demo", principalArn=role("argocd-2"))
    h.equal(entry["accessEntry"]["type"], "STANDARD", "the new role is let in")
    not_found = "ResourceNotFoundException"
    by_id = {"name": "demo", "updateId": update["id"]}
    h.refused(not_found, "No update found", eks.describe_update, **by_id)
    by_id["updateId"] = "missing"
    h.refused(not_found, "No update found", eks.describe_update, **by_id, capabilityName="argocd")

    invalid = "InvalidParameterException"
    h.refused(invalid, "At least one", eks.update_capability, **where)

    done = eks.update_capability(
        clusterName="demo", capabilityName="ack", configuration={"ack": {"disabledServices": []}}
    )["update"]
    h.until_updated("demo", "ack", done["id"], "Successful")
    expected = {"ack": {"enableCrossNamespace": True, "disabledServices": []}}
    ack = h.capability("demo", "ack")["configuration"]
    h.equal(ack, expected, "what an update leaves out stays")


def role_mappings(h):
    """Additions merge into a role; only what is named in the removals goes."""
    eks = h.eks
    where = {"clusterName": "another", "capabilityName": "argocd"}
    eks.create_capability(
        **where,
        type="ARGOCD",
        roleArn=role("argocd"),
        deletePropagationPolicy="RETAIN",
        configuration={
            "argoCd": {
                "awsIdc": {"idcInstanceArn": IDC},
                "rbacRoleMappings": [mapping("ADMIN", "a", "b"), mapping("VIEWER", "v")],
            }
        },
    )
    h.until_status("another", "argocd", "ACTIVE")

    def change(**mappings):
        configuration = {"argoCd": {"rbacRoleMappings": mappings}}
        eks.update_capability(**where, configuration=configuration)
        h.until_status("another", "argocd", "ACTIVE")
        mapped = h.capability("another", "argocd")["configuration"]["argoCd"]["rbacRoleMappings"]
        return {item["role"]: [user["id"] for user in item["identities"]] for item in mapped}

    added = change(addOrUpdateRoleMappings=[mapping("ADMIN", "c")])
    h.equal(added, {"ADMIN": ["a", "b", "c"], "VIEWER": ["v"]})
    removed = change(
        addOrUpdateRoleMappings=[mapping("EDITOR", "e")],
        removeRoleMappings=[mapping("ADMIN", "a"), mapping("VIEWER", "v")],
    )
    h.equal(removed, {"ADMIN": ["b", "c"], "EDITOR": ["e"]})
    one = [mapping("ADMIN", "x")]
    both = {"addOrUpdateRoleMappings": one, "removeRoleMappings": one}
    arguments = {**where, "configuration": {"argoCd": {"rbacRoleMappings": both}}}
    h.refused("InvalidParameterException", "both to be added", eks.update_capability, **arguments)


def capability_faults(h):
    """Creation, update and deletion that fail, and a capability that is degraded."""
    eks = h.eks
    where = {"clusterName": "another", "capabilityName": "kro"}
    issue = {"code": "AccessDenied", "message": "the role cannot be assumed"}

    def create(outcome):
        h.sandbox("PUT", "faults", {"capabilities": [{"capability": "kro", "outcome": outcome}]})
        eks.create_capability(
            **where, type="KRO", roleArn=role("kro"), deletePropagationPolicy="RETAIN"
        )

    create({"createFails": issue})
    h.until_status("another", "kro", "CREATE_FAILED")
    h.equal(h.capability("another", "kro")["health"]["issues"], [issue])
    h.sandbox("DELETE", "faults")
    eks.delete_capability(**where)
    h.until_gone("another", "kro")

    create({"becomesDegraded": issue})
    h.until_status("another", "kro", "DEGRADED")
    failure = {"code": "ClusterUnreachable", "message": "no route"}
    h.sandbox("PUT", "faults", {"capabilities": [{"outcome": {"updateFails": failure}}]})
    update = eks.update_capability(**where, roleArn=role("kro-2"))["update"]
    failed = h.until_updated("another", "kro", update["id"], "Failed")
    error = {"errorCode": "ClusterUnreachable", "errorMessage": "no route", "resourceIds": ["kro"]}
    h.equal(failed["errors"], [error])
    after = h.capability("another", "kro")
    h.equal((after["status"], after["roleArn"]), ("DEGRADED", role("kro")))

    h.sandbox("PUT", "faults", {"capabilities": [{"times": 1, "outcome": {"deleteFails": issue}}]})
    eks.delete_capability(**where)
    seen = h.until_status("another", "kro", "DELETE_FAILED")
    h.equal(seen, ["DELETING", "DELETE_FAILED"])
    h.equal(h.capability("another", "kro")["health"]["issues"], [issue])
    h.sandbox("PUT", "clusters/another/capabilities/kro/status", {"status": "ACTIVE"})
    h.equal(h.capability("another", "kro")["status"], "ACTIVE")
    h.sandbox("DELETE", "faults")
