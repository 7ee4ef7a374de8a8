"""Checks the EKS emulator with boto3 as the client and botocore's service model as the judge.

    check.py --url URL [--moto-port PORT]

URL is a running emulator without IAM backend, of account 123456789012 in us-east-1 and with short
ticks (tens of milliseconds). With --moto-port it is one whose backend is to be on that port of
127.0.0.1: moto is started there, and only what needs it is checked. Exits with 1 and says what is
wrong, or prints a summary.
"""

import argparse
import sys

import boto3
import botocore

import access
import capabilities
import front
import iam
import selftest
import tokens
from harness import Harness
from model import Recorder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--moto-port", type=int)
    arguments = parser.parse_args()
    recorder = Recorder()
    harness = Harness(arguments.url, recorder)
    if arguments.moto_port:
        with_moto(harness, arguments.moto_port)
    else:
        selftest.check(harness)
        harness.add_cluster("demo")
        front.check(harness)
        capabilities.check(harness)
        access.check(harness)
        tokens.check(harness)
        coverage(harness)
    for problem in recorder.problems:
        print(problem, file=sys.stderr)
    print(
        f"{harness.passed} expectations and {len(recorder.succeeded)} operations "
        f"against botocore {botocore.__version__}, boto3 {boto3.__version__}: "
        f"{len(recorder.problems)} problems"
    )
    return 1 if recorder.problems else 0


def with_moto(harness, port):
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        iam.check(harness, f"http://127.0.0.1:{port}")
    finally:
        server.stop()


def coverage(harness):
    """Every operation must have been seen to work and to refuse."""
    served = set(harness.sandbox("GET", "operations"))
    for missing in sorted(served - harness.recorder.succeeded):
        harness.recorder.problems.append(f"{missing}: never seen to work")
    for missing in sorted(served - harness.recorder.failed):
        harness.recorder.problems.append(f"{missing}: never seen to refuse")


if __name__ == "__main__":
    sys.exit(main())
