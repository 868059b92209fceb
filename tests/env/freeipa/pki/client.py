from pki import Absent as PKIConnection
