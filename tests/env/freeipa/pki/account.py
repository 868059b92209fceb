from pki import Absent as AccountClient
