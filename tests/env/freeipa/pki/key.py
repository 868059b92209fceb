from pki import Absent as KeyClient
