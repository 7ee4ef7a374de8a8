"""Holds the emulator's raw answers against botocore's service model of EKS.

botocore's own parser is lenient: it drops members that it does not know and accepts nearly any
value. So each answer is looked at as it came, before it is parsed.
"""

import json

# What AWS's front end answers whatever the operation, and so no operation's model lists.
COMMON_ERRORS = {
    "AccessDeniedException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "ServerException",
    "ThrottlingException",
}

# (operation, error) that the emulator answers outside the operation's model, with the reason.
UNMODELLED = {
    # The model has no 400 at all for this list.
    ("ListAccessPolicies", "InvalidParameterException"),
}


class Recorder:
    """Sees every answer of a client: checks it, and remembers what was called with what outcome."""

    def __init__(self):
        self.problems = []
        self.succeeded = set()
        self.failed = set()

    def watch(self, client):
        client.meta.events.register("before-parse.eks", self.check)

    def check(self, operation_model, response_dict, **_):
        operation = operation_model.name
        status, headers = response_dict["status_code"], response_dict["headers"]
        where = f"{operation} ({status})"
        if not headers.get("x-amzn-RequestId"):
            self._problem(where, "no x-amzn-RequestId")
        try:
            body = json.loads(response_dict["body"])
        except ValueError as error:
            self._problem(where, f"the body is not JSON: {error}")
            return
        if status < 300:
            self.succeeded.add(operation)
            self._shape(operation_model.output_shape, body, where)
        else:
            self.failed.add(operation)
            self._error(operation_model, status, headers, body, where)

    def _error(self, operation_model, status, headers, body, where):
        code = headers.get("x-amzn-ErrorType")
        where = f"{where} {code}"
        if body.pop("__type", None) != code:
            self._problem(where, "__type is not x-amzn-ErrorType")
        if not isinstance(body.get("message"), str):
            self._problem(where, "no message")
        if code in {"InvalidSignatureException", "MissingAuthenticationTokenException"}:
            expected = 403
        elif code == "SerializationException":
            expected = 400
        else:
            shape = operation_model.service_model.shape_for(code)
            expected = shape.metadata["error"]["httpStatusCode"]
            self._shape(shape, body, where)
        if status != expected:
            self._problem(where, f"status should be {expected}")
        modelled = {shape.name for shape in operation_model.error_shapes}
        known = modelled | COMMON_ERRORS
        if code not in known and (operation_model.name, code) not in UNMODELLED:
            self._problem(where, f"not among the operation's errors {sorted(modelled)}")

    def _shape(self, shape, value, where):
        check = getattr(self, f"_{shape.type_name}" if shape else "_nothing")
        check(shape, value, where)

    def _nothing(self, _, value, where):
        if value != {}:
            self._problem(where, f"the operation has no output, got {value}")

    def _structure(self, shape, value, where):
        if not isinstance(value, dict):
            self._problem(where, f"should be a structure: {value!r}")
            return
        members = {
            member.serialization.get("name", name): member
            for name, member in shape.members.items()
        }
        for name, item in value.items():
            if name in members:
                self._shape(members[name], item, f"{where}.{name}")
            else:
                self._problem(where, f"unknown member {name}")
        for name in shape.required_members:
            if name not in value:
                self._problem(where, f"missing member {name}")

    def _list(self, shape, value, where):
        if not isinstance(value, list):
            self._problem(where, f"should be a list: {value!r}")
            return
        self._bounds(shape, len(value), where)
        for index, item in enumerate(value):
            self._shape(shape.member, item, f"{where}[{index}]")

    def _map(self, shape, value, where):
        if not isinstance(value, dict):
            self._problem(where, f"should be a map: {value!r}")
            return
        # The minimum of one is of requests: AWS answers {} for a resource without tags.
        if len(value) > shape.metadata.get("max", len(value)):
            self._problem(where, f"too many entries: {len(value)}")
        for key, item in value.items():
            self._shape(shape.key, key, f"{where} key")
            self._shape(shape.value, item, f"{where}[{key}]")

    def _string(self, shape, value, where):
        if not isinstance(value, str):
            self._problem(where, f"should be a string: {value!r}")
            return
        if shape.enum and value not in shape.enum:
            self._problem(where, f"{value!r} is not one of {shape.enum}")
        self._bounds(shape, len(value), where)

    def _boolean(self, _, value, where):
        if not isinstance(value, bool):
            self._problem(where, f"should be a boolean: {value!r}")

    def _integer(self, shape, value, where):
        if not isinstance(value, int) or isinstance(value, bool):
            self._problem(where, f"should be an integer: {value!r}")
            return
        self._bounds(shape, value, where)

    def _timestamp(self, _, value, where):
        # rest-json bodies have seconds since 1970, as a number.
        if not isinstance(value, (int, float)) or not 1.5e9 < value < 5e9:
            self._problem(where, f"should be seconds since 1970: {value!r}")

    def _bounds(self, shape, size, where):
        if size < shape.metadata.get("min", size) or size > shape.metadata.get("max", size):
            self._problem(where, f"size {size} is outside {dict(shape.metadata)}")

    def _problem(self, where, what):
        self.problems.append(f"{where}: {what}")
