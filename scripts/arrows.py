#!/usr/bin/env python3
"""Prints every include that goes against the arrows between folders (docs/ARCHITECTURE.md)."""
import re
import subprocess
import sys

# What each folder may include besides itself; the longest matching prefix counts.
MAY = {
    "base": [],
    "proto": [],
    "guest": [],
    "vm": ["base"],
    "kubeconfig": ["base"],
    "agent": ["agent", "vm", "guest", "proto", "base", "innkeeper"],
    "agent/link": ["proto", "base", "innkeeper"],
    "agent/units": ["vm", "base"],
    "coordinator": ["coordinator", "proto", "base", "innkeeper"],
    "coordinator/guests": ["base"],
    "coordinator/home/plain": ["coordinator/guests", "base"],
    "coordinator/kube": ["base"],
    "coordinator/home/kube": ["coordinator/admission", "coordinator/guests", "coordinator/kube", "guest", "proto", "base",
                              "innkeeper"],
    "coordinator/ipa": ["coordinator/guests", "base"],
    "coordinator/pki": ["coordinator/guests", "proto", "base", "innkeeper"],
    "coordinator/fleet": ["coordinator/guests", "proto", "base", "innkeeper"],
    "coordinator/admission": ["coordinator/guests", "base"],
    "coordinator/admission/user_data": ["base"],
    "coordinator/admin": ["coordinator/guests", "coordinator/pki", "proto", "base", "innkeeper"],
    "cli": ["proto", "base", "innkeeper"],
    "bench": [""],
    "tests": [""],
}


def place_of(path):
    """The longest key of MAY that is a folder of the path."""
    fitting = [key for key in MAY if path.startswith(key + "/")]
    return max(fitting, key=len) if fitting else None


def allowed(place, target, path):
    """Whether a file of `place` may include `target`. Tests may also use any double."""
    if target.startswith(place + "/"):
        return True
    if any(part == "" or target.startswith(part + "/") for part in MAY[place]):
        return True
    is_test = "/testing/" in path or path.endswith("_test.cc") or path.endswith("_fuzz.cc")
    return is_test and ("/testing/" in target or place.startswith(place_of(target) or "?"))


def main():
    files = subprocess.run(["git", "ls-files", "--", "*.cc", "*.h"], capture_output=True, text=True, check=True)
    for path in files.stdout.split():
        place = place_of(path)
        if place is None:
            print(f"{path}: its folder is not in scripts/arrows.py")
            continue
        with open(path, encoding="utf-8") as source:
            for number, line in enumerate(source, 1):
                match = re.match(r'#include "([^"]+)"', line)
                if match and "/" in match[1] and place_of(match[1]) and not allowed(place, match[1], path):
                    print(f"{path}:{number}: {place} may not include {match[1]}")


if __name__ == "__main__":
    sys.exit(main())
