"""Tokens as botocore makes them (`aws eks get-token`), at the emulator's webhooks."""

import base64

import botocore.session
from botocore.signers import RequestSigner
from harness import ACCOUNT, REGION, policy, role


def check(h):
    h.sandbox(
        "PUT",
        "access-keys",
        {
            "accessKeyId": "AKIAKNOWN",
            "secretAccessKey": "a secret/with+signs",
            "sessionToken": "session/token+==",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/ann@example.org",
        },
    )
    entry = {"clusterName": "demo", "principalArn": role("ops/operator")}
    keys = ("AKIAKNOWN", "a secret/with+signs", "session/token+==")
    made = h.eks.create_access_entry(
        **entry, kubernetesGroups=["operators"], username="ops:{{SessionName}}"
    )["accessEntry"]

    user = review(h, token(*keys))["user"]
    h.equal(user["username"], "ops:ann-example.org")
    h.equal(user["groups"], ["operators"])
    for region in ["us-east-1", "eu-west-1"]:
        h.equal(review(h, token(*keys, region=region))["authenticated"], True, region)

    refused(h, token(*keys, cluster="another"), "signature does not match")
    refused(h, token(keys[0], "wrong", keys[2]), "signature does not match")
    refused(h, token(keys[0], keys[1], "other"), "session token")
    refused(h, token("AKIAUNKNOWN", "x", None), "not known")
    refused(h, token(*keys, expires=901), "X-Amz-Expires")
    refused(h, "k8s-aws-v1.junk", "URL")

    view = policy("AmazonEKSViewPolicy")
    scope = {"type": "namespace", "namespaces": ["dev-*"]}
    h.equal(allowed(h, user, "get", "pods", "dev-a"), False)
    h.eks.associate_access_policy(**entry, policyArn=view, accessScope=scope)
    h.equal(allowed(h, user, "get", "pods", "dev-a"), True)
    h.equal(allowed(h, user, "get", "pods", "prod"), False)
    h.equal(allowed(h, user, "delete", "pods", "dev-a"), False)
    h.equal(allowed(h, {**user, "extra": {}}, "get", "pods", "dev-a"), False, "as if impersonated")

    h.eks.delete_access_entry(**entry)
    h.equal(allowed(h, user, "get", "pods", "dev-a"), False)
    refused(h, token(*keys), "no access entry")
    h.equal(made["accessEntryArn"] in str(user["extra"]), True)


def token(key, secret, session_token, cluster="demo", region=REGION, expires=60):
    """The token that `aws eks get-token` makes, by the same calls."""
    session = botocore.session.Session()
    credentials = botocore.credentials.Credentials(key, secret, session_token)
    service_id = session.get_service_model("sts").service_id
    emitter = session.get_component("event_emitter")
    signer = RequestSigner(service_id, region, "sts", "v4", credentials, emitter)
    request = {
        "method": "GET",
        "url": f"https://sts.{region}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(
        request, region_name=region, expires_in=expires, operation_name=""
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def review(h, text, cluster="demo"):
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": text}}
    answer = h.sandbox("POST", f"webhooks/authn/{cluster}", request)
    h.equal((answer["apiVersion"], answer["kind"]), ("authentication.k8s.io/v1", "TokenReview"))
    return answer["status"]


def refused(h, text, fragment):
    status = review(h, text)
    if status["authenticated"] or fragment not in status["error"]:
        raise AssertionError(f"expected a refusal with {fragment!r}, got {status}")
    h.passed += 1


def allowed(h, user, verb, resource, namespace):
    attributes = {"verb": verb, "resource": resource, "namespace": namespace, "version": "v1"}
    spec = {**user, "user": user["username"], "resourceAttributes": attributes}
    request = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return h.sandbox("POST", "webhooks/authz", request)["status"]["allowed"]
