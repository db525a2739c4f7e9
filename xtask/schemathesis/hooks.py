"""What a description of an API cannot say: requests that fit it are brought into the form that is accepted.

Requests that are meant to be refused stay as they are.
"""

import schemathesis

# Of these, `DELETE /api/v1/cache` takes one at most; parameters cannot exclude each other.
SELECTORS = ("key", "endpoint", "prefix", "tag")
# Descriptions count characters, the service bytes.
TEXT_BYTES_MAX = 128


@schemathesis.hook
def map_case(context, case):
    if case.query and case.meta is not None and case.meta.generation.mode.is_positive:
        leave_one_selector(case)
        for name, value in case.query.items():
            if isinstance(value, str):
                case.query[name] = within_bytes(canonical(value) if name == "key" else value)
    return case


def leave_one_selector(case):
    if case.method.upper() == "DELETE":
        given = [name for name in SELECTORS if name in case.query]
        for name in given[1:]:
            del case.query[name]


def canonical(key):
    """The key without its parameters, which have to be in the order of their names, and escaped only where need be."""
    return ":".join(key.split(":")[:2])


def within_bytes(text):
    if text.isascii():
        return text
    return text.encode()[:TEXT_BYTES_MAX].decode(errors="ignore")
