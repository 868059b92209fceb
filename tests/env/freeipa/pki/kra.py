from pki import Absent as KRAClient
