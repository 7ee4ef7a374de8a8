"""The judge, judged: answers that are wrong in one way each must be noticed."""

import copy
import json

from model import Recorder

GOOD = {
    "capability": {
        "capabilityName": "argocd",
        "status": "ACTIVE",
        "createdAt": 1.7e9,
        "tags": {},
        "health": {"issues": []},
        "configuration": {
            "argoCd": {"rbacRoleMappings": [{"role": "ADMIN", "identities": []}]},
            "ack": {"enableCrossNamespace": False},
        },
    }
}

# (path to a member, its wrong value, what must be said of it); None takes the member out.
WRONG = [
    (["capability", "colour"], "red", "unknown member colour"),
    (["capability", "status"], "UPDATE_FAILED", "is not one of"),
    (["capability", "version"], 3, "should be a string"),
    (["capability", "createdAt"], "2026-01-01", "should be seconds"),
    (["capability", "tags"], [], "should be a map"),
    (["capability", "tags"], {"k": "v" * 257}, "is outside"),
    (["capability", "health"], [], "should be a structure"),
    (["capability", "health", "issues"], {}, "should be a list"),
    (["capability", "configuration", "ack", "enableCrossNamespace"], 1, "should be a boolean"),
    (["capability", "configuration", "argoCd", "rbacRoleMappings", 0, "role"], None, "missing member role"),
]


def check(h):
    model = h.eks.meta.service_model
    h.equal(problems(model, "DescribeCapability", 200, GOOD), [])
    for path, value, expected in WRONG:
        body = copy.deepcopy(GOOD)
        parent = body
        for step in path[:-1]:
            parent = parent[step]
        if value is None:
            del parent[path[-1]]
        else:
            parent[path[-1]] = value
        said(problems(model, "DescribeCapability", 200, body), expected)

    missing = {"__type": "ResourceNotFoundException", "message": "no"}
    in_use = {"__type": "ResourceInUseException", "message": "no"}
    h.equal(problems(model, "DescribeCapability", 404, missing), [])
    said(problems(model, "DescribeCapability", 400, missing), "status should be 404")
    said(problems(model, "DescribeCapability", 409, in_use), "not among the operation's errors")
    said(problems(model, "DescribeCapability", 404, {**missing, "hint": ""}), "unknown member hint")
    said(problems(model, "DeleteAccessEntry", 200, {"deleted": True}), "unknown member deleted")


def problems(model, operation, status, body):
    recorder = Recorder()
    headers = {"x-amzn-RequestId": "1"}
    if "__type" in body:
        headers["x-amzn-ErrorType"] = body["__type"]
    answer = {"status_code": status, "headers": headers, "body": json.dumps(body).encode()}
    recorder.check(model.operation_model(operation), answer)
    return recorder.problems


def said(found, expected):
    if len(found) != 1 or expected not in found[0]:
        raise AssertionError(f"expected one problem with {expected!r}, got {found}")
