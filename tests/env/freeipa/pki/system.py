from pki import Absent as SecurityDomainClient
from pki import Absent as SystemStatusClient
