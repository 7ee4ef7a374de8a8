"""What the checks share: clients, the emulator's own routes, expectations."""

import json
import time
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
REGION = "us-east-1"
NO_CLUSTER = "No cluster found for name: nowhere."
# The service's own rules are what is to be seen: no retries.
ONCE = {"retries": {"total_max_attempts": 1, "mode": "standard"}}


class Harness:
    def __init__(self, url, recorder):
        self.url = url.rstrip("/")
        self.recorder = recorder
        self.passed = 0
        self.eks = self.client("eks")
        # Sends what botocore would not let out.
        self.unchecked = self.client("eks", parameter_validation=False)
        self.unsigned = self.client("eks", signature_version=UNSIGNED)

    def client(self, service, url=None, region=REGION, keys=("AKIDEXAMPLE", "secret", None), **config):
        client = boto3.client(
            service,
            endpoint_url=url or self.url,
            region_name=region,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            aws_session_token=keys[2],
            config=Config(**ONCE, **config),
        )
        if service == "eks":
            self.recorder.watch(client)
        return client

    def sandbox(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}",
            data=data,
            method=method,
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            text = response.read()
        return json.loads(text) if text else None

    def add_cluster(self, name):
        spec = {"name": name, "endpoint": "https://127.0.0.1:6443", "caPem": "PEM", "version": "1.34"}
        self.sandbox("PUT", f"clusters/{name}", spec)

    def equal(self, actual, expected, what=""):
        if actual != expected:
            raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")
        self.passed += 1

    def refused(self, code, fragment, operation, **arguments):
        """The call must fail with this code and a message that has the fragment."""
        try:
            output = operation(**arguments)
        except ClientError as error:
            details = error.response["Error"]
            if details["Code"] != code or fragment not in details["Message"]:
                raise AssertionError(f"expected {code} {fragment!r}, got {details}") from error
            self.passed += 1
            return
        raise AssertionError(f"expected {code} {fragment!r}, got an answer: {output}")

    def until(self, read, wanted, what):
        """Reads until the wanted value comes, for at most ten seconds; the values seen, in order."""
        seen = []
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            value = read()
            if not seen or seen[-1] != value:
                seen.append(value)
            if value == wanted:
                self.passed += 1
                return seen
            time.sleep(0.01)
        raise AssertionError(f"{what}: expected {wanted!r} in the end, saw {seen}")

    def capability(self, cluster, name):
        return self.eks.describe_capability(clusterName=cluster, capabilityName=name)["capability"]

    def until_status(self, cluster, name, status):
        """Waits for a capability's status; the statuses seen."""

        def read():
            return self.capability(cluster, name)["status"]

        return self.until(read, status, name)

    def until_gone(self, cluster, name):
        def read():
            listed = self.eks.list_capabilities(clusterName=cluster)["capabilities"]
            return any(item["capabilityName"] == name for item in listed)

        self.until(read, False, f"{name} is there")

    def until_updated(self, cluster, capability, update, status):
        """Waits for an update's status; the update then."""
        arguments = {"name": cluster, "updateId": update, "capabilityName": capability}

        def read():
            return self.eks.describe_update(**arguments)["update"]["status"]

        self.until(read, status, f"update of {capability}")
        return self.eks.describe_update(**arguments)["update"]


def role(name, account=ACCOUNT):
    return f"arn:aws:iam::{account}:role/{name}"


def policy(name):
    return f"arn:aws:eks::aws:cluster-access-policy/{name}"
