"""Clusters, and what happens around every call: signatures, faults, the record."""

from botocore.exceptions import ConnectionClosedError
from harness import ACCOUNT, NO_CLUSTER, REGION, role


def check(h):
    clusters(h)
    front_end(h)
    faults(h)


def clusters(h):
    cluster = h.eks.describe_cluster(name="demo")["cluster"]
    h.equal(cluster["arn"], f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/demo")
    h.equal(cluster["status"], "ACTIVE")
    h.equal(cluster["certificateAuthority"]["data"], "UEVN", "base64 of the PEM")
    h.equal(cluster["accessConfig"]["authenticationMode"], "API_AND_CONFIG_MAP")
    h.refused("ResourceNotFoundException", NO_CLUSTER, h.eks.describe_cluster, name="nowhere")

    h.add_cluster("another")
    pages = h.eks.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 1})
    names = [page["clusters"] for page in pages]
    h.equal(names, [["another"], ["demo"]])
    h.equal(h.eks.list_clusters(include=["all"])["clusters"], ["another", "demo"])
    invalid = "InvalidParameterException"
    h.refused(invalid, "include", h.eks.list_clusters, include=["ALL"])
    h.refused(invalid, "nextToken", h.eks.list_clusters, nextToken="junk")
    h.refused(invalid, "maxResults", h.unchecked.list_clusters, maxResults=101)


def front_end(h):
    """What AWS answers before a service looks at the request."""
    missing = "MissingAuthenticationTokenException"
    h.refused(missing, "Missing", h.unsigned.describe_cluster, name="demo")
    elsewhere = h.client("eks", region="eu-west-1")
    h.refused("InvalidSignatureException", "region us-east-1", elsewhere.describe_cluster, name="demo")
    wrong = {"clusterName": "demo", "namespace": 1, "serviceAccount": "a", "roleArn": role("a")}
    serialization = "SerializationException"
    h.refused(serialization, "namespace", h.unchecked.create_pod_identity_association, **wrong)


def faults(h):
    """Faults of single calls, set from outside the process."""
    eks = h.eks
    throttle = {"refuse": {"error": "ThrottlingException", "message": "Rate exceeded"}}
    h.sandbox("PUT", "faults", {"rules": [{"when": {"every": 2}, "effect": throttle}]})
    eks.list_clusters()
    h.refused("ThrottlingException", "Rate exceeded", eks.list_clusters)

    lose = {"operation": "CreateAccessEntry", "times": 1, "effect": "loseResponse"}
    h.sandbox("PUT", "faults", {"rules": [lose]})
    arguments = {"clusterName": "demo", "principalArn": role("lost"), "clientRequestToken": "once"}
    try:
        eks.create_access_entry(**arguments)
    except ConnectionClosedError:
        pass
    else:
        raise AssertionError("the response was to be lost")
    described = eks.describe_access_entry(clusterName="demo", principalArn=role("lost"))
    again = eks.create_access_entry(**arguments)
    h.equal(again["accessEntry"], described["accessEntry"], "the work was done all the same")
    h.sandbox("DELETE", "faults")

    h.sandbox("DELETE", "calls")
    eks.describe_cluster(name="demo")
    calls = h.sandbox("GET", "calls")
    h.equal([call["operation"] for call in calls], ["DescribeCluster"])
    h.equal((calls[0]["accessKeyId"], calls[0]["status"]), ("AKIDEXAMPLE", 200))
