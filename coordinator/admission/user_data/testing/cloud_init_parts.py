#!/usr/bin/python3
"""What cloud-init makes of each file named: a JSON object of path -> list of [type, name, payload as base64], or null
where it gives up. Nothing is fetched: an include counts as one part."""
import base64
import json
import sys

from cloudinit import helpers, user_data, util


class Processor(user_data.UserDataProcessor):
    def _do_include(self, content, append_msg):
        part = user_data.MIMEText(content, _subtype="x-include-url")
        self._attach_part(append_msg, part)


def payload_of(part):
    payload = util.fully_decoded_payload(part)
    data = payload if isinstance(payload, bytes) else payload.encode("utf-8", "surrogateescape")
    return base64.b64encode(data).decode()


def parts_of(path):
    with open(path, "rb") as file:
        blob = file.read()
    try:
        message = Processor(helpers.Paths({})).process(blob)
    except Exception as error:  # cloud-init stops at whatever it meets
        print(path, repr(error), file=sys.stderr)
        return None
    return [[part.get_content_type(), part.get_filename(), payload_of(part)]
            for part in message.walk() if not user_data.is_skippable(part)]


print(json.dumps({path: parts_of(path) for path in sys.argv[1:]}))
