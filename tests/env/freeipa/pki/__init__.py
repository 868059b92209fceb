"""Stand-in for Dogtag's module: ipaserver imports it even without a CA, and then calls nothing."""


class PKIException(Exception):
    pass


class ResourceNotFoundException(PKIException):
    pass


class ConflictingOperationException(PKIException):
    pass


class Absent:
    def __init__(self, *args, **kwargs):
        raise RuntimeError("Dogtag is not installed")


def specification_version():
    return "11.0.0"


implementation_version = specification_version
