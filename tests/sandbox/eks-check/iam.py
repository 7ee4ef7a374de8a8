"""The same against an emulator that asks moto for roles and callers."""

import json
import time

from harness import ACCOUNT, role
from tokens import review, token

INVALID = "InvalidParameterException"
CAPABILITY_TRUST = "The trust policy for the provided role is invalid"


def check(h, moto_url):
    iam = h.client("iam", moto_url)
    h.add_cluster("demo")
    capabilities(h, iam)
    pod_identity(h, iam)
    access_entries(h, iam, h.client("sts", moto_url), moto_url)
    propagation(h, iam)


def trust(service, *actions):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make(iam, name, document, **arguments):
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **arguments)["Role"]


BOTH = ("sts:AssumeRole", "sts:TagSession")


def capabilities(h, iam):
    service = "capabilities.eks.amazonaws.com"
    make(iam, "good", trust(service, *BOTH))
    make(iam, "no-tag", trust(service, "sts:AssumeRole"))
    make(iam, "other", trust("ec2.amazonaws.com", *BOTH))
    make(iam, "with-path", trust(service, *BOTH), Path="/team/")
    make(iam, "not-json", "no policy at all")
    where = {"clusterName": "demo", "capabilityName": "kro"}
    kro = {**where, "type": "KRO", "deletePropagationPolicy": "RETAIN"}
    for name in ["no-tag", "other", "with-path", "missing", "not-json"]:
        h.refused(INVALID, CAPABILITY_TRUST, h.eks.create_capability, **kro, roleArn=role(name))
    h.eks.create_capability(**kro, roleArn=role("team/with-path"))
    h.until_status("demo", "kro", "ACTIVE")
    h.refused(INVALID, CAPABILITY_TRUST, h.eks.update_capability, **where, roleArn=role("no-tag"))


def pod_identity(h, iam):
    make(iam, "pods", trust("pods.eks.amazonaws.com", *BOTH))
    arguments = {"clusterName": "demo", "namespace": "apps", "serviceAccount": "web"}
    create = h.eks.create_pod_identity_association
    absent = "Role provided in the request does not exist."
    h.refused(INVALID, absent, create, **arguments, roleArn=role("missing"))
    bad_trust = "Trust policy of the role provided is invalid."
    h.refused(INVALID, bad_trust, create, **arguments, roleArn=role("good"))
    made = create(**arguments, roleArn=role("pods"))["association"]
    where = {"clusterName": "demo", "associationId": made["associationId"]}
    h.refused(INVALID, bad_trust, h.eks.update_pod_identity_association, **where, roleArn=role("other"))


def access_entries(h, iam, sts, moto_url):
    """A token of a session that only moto knows, and an entry whose role was made again."""
    create = h.eks.create_access_entry
    principal = "The specified principalArn is invalid: invalid principal"
    h.refused(INVALID, principal, create, clusterName="demo", principalArn=role("missing"))
    h.refused(INVALID, principal, create, clusterName="demo", principalArn=role("with-path"))

    document = trust("ec2.amazonaws.com", "sts:AssumeRole")
    made = make(iam, "visitor", document, Path="/team/")
    session = sts.assume_role(RoleArn=made["Arn"], RoleSessionName="ann")["Credentials"]
    keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    h.equal("no access entry" in review(h, token(*keys))["error"], True)
    create(clusterName="demo", principalArn=made["Arn"])
    status = review(h, token(*keys))
    h.equal(status["authenticated"], True, str(status))
    user = status["user"]
    h.equal(user["username"], f"arn:aws:sts::{ACCOUNT}:assumed-role/visitor/ann")
    h.equal(user["extra"]["principalId"], [made["RoleId"]])

    iam.delete_role(RoleName="visitor")
    again = make(iam, "visitor", document, Path="/team/")
    h.equal((again["Arn"], again["RoleId"] == made["RoleId"]), (made["Arn"], False))
    session = sts.assume_role(RoleArn=again["Arn"], RoleSessionName="ann")["Credentials"]
    keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    dead = review(h, token(*keys))
    h.equal((dead["authenticated"], "earlier principal" in dead["error"]), (False, True))
    described = h.eks.describe_access_entry(clusterName="demo", principalArn=made["Arn"])
    h.equal(described["accessEntry"]["principalArn"], made["Arn"], "the dead entry looks alive")
    h.eks.delete_access_entry(clusterName="demo", principalArn=made["Arn"])
    create(clusterName="demo", principalArn=made["Arn"])
    h.equal(review(h, token(*keys))["authenticated"], True)

    # moto answers for keys that it never issued; they are nobody here.
    stranger = review(h, token("AKIASTRANGER00000000", "x", None))
    h.equal("does not know the access key" in stranger["error"], True)

    ann = iam.create_user(UserName="ann", Path="/people/")["User"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    create(clusterName="demo", principalArn=ann["Arn"], kubernetesGroups=["people"])
    user = review(h, token(key["AccessKeyId"], key["SecretAccessKey"], None))["user"]
    h.equal((user["username"], user["groups"]), (ann["Arn"], ["people"]))

    elsewhere = h.client("iam", moto_url, keys=foreign_keys(sts))
    foreign = make(elsewhere, "guest", document)["Arn"]
    h.equal(foreign, role("guest", "999999999999"))
    create(clusterName="demo", principalArn=foreign)
    missing = role("stranger", "999999999999")
    h.refused(INVALID, principal, create, clusterName="demo", principalArn=missing)


def foreign_keys(sts):
    """Credentials that moto takes for another account's."""
    assumed = sts.assume_role(RoleArn=role("any", "999999999999"), RoleSessionName="check")["Credentials"]
    return (assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])


def propagation(h, iam):
    """A new role is not seen for a while: by each call with its own error, and then it is."""
    h.sandbox("PUT", "faults", {"rolePropagationMs": 1500})
    make(iam, "fresh", trust("pods.eks.amazonaws.com", *BOTH))
    association = {"clusterName": "demo", "namespace": "apps", "serviceAccount": "fresh"}
    create = h.eks.create_pod_identity_association
    absent = "Role provided in the request does not exist."
    h.refused(INVALID, absent, create, **association, roleArn=role("fresh"))
    entry = {"clusterName": "demo", "principalArn": role("fresh")}
    h.refused(INVALID, "invalid principal", h.eks.create_access_entry, **entry)
    time.sleep(1.6)
    create(**association, roleArn=role("fresh"))
    h.eks.create_access_entry(**entry)
    h.sandbox("DELETE", "faults")
