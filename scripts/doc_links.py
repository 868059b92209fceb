#!/usr/bin/env python3
"""Prints what the documents name and this checkout does not have: files, links, headings; and dependencies
without a line."""
import os
import re
import subprocess
import sys

# Folders that documents leave out before a path.
SHORT_FOR = ["", "coordinator/", "agent/", "agent/link/", "docs/", "docs/reference/", "coordinator/guests/"]
# A word in backquotes is a file of ours when it has one of these endings.
FILE = re.compile(r"^[\w./*-]+\.(?:cc|h|py|sh|md|proto|cmake|json|service|txt)$")
# Files of guests, hosts and installations, and names of files that are made.
ELSEWHERE = re.compile(r"^(?:/|~|current/|serving/|vault/|build/)|^(?:joined|openapi)\.json$")


def tracked():
    """Every file of the repository."""
    return subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True,
                          text=True, check=True).stdout.split()


def anchors(text):
    """The headings of a page as links name them."""
    return {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).strip().replace(" ", "-")
            for line in text.splitlines() if line.startswith("#")}


def exists(name, files):
    """Whether a file or, with a star, a family of files is there, by one of the short forms."""
    pattern = re.compile("^(?:.*/)?" + re.escape(name).replace(r"\*", "[^/]*") + "$")
    if "/" not in name:
        return any(pattern.match(path) for path in files)
    whole = [re.compile("^" + re.escape(short + name).replace(r"\*", "[^/]*") + "$") for short in SHORT_FOR]
    return any(one.match(path) for path in files for one in whole)


def check_links(page, text, pages):
    """Links to other pages and their headings."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"^[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if not os.path.exists(there):
            yield f"{page}: no such file: {target}"
        elif anchor and there in pages and anchor not in anchors(pages[there]):
            yield f"{page}: no such heading: {target}"


def check_names(page, text, files):
    """Files named in backquotes."""
    for name in re.findall(r"`([^`\s]+)`", text):
        beside = os.path.normpath(os.path.join(os.path.dirname(page), name))
        if FILE.match(name) and not ELSEWHERE.match(name) and beside not in files and not exists(name, files):
            yield f"{page}: no such file: {name}"


def check_dependencies(pages):
    """Packages that a build installs, against docs/dependencies.md."""
    with open("tests/env/lists/build.txt", encoding="utf-8") as packages:
        words = [word for line in packages if not line.startswith("#") for word in line.split()]
    known = re.findall(r"[\w.+-]+", pages["docs/dependencies.md"])
    for word in words:
        if word not in known and word + "." not in known:
            yield f"docs/dependencies.md: no line for {word}"


def main():
    files = tracked()
    names = [path for path in files if path.endswith(".md") and os.path.exists(path)]
    pages = {}
    for path in names:
        with open(path, encoding="utf-8") as page:
            pages[path] = page.read()
    yield from check_dependencies(pages)
    for path, text in sorted(pages.items()):
        yield from check_links(path, text, pages)
        if not path.startswith("docs/reference/commands-"):
            yield from check_names(path, text, files)


if __name__ == "__main__":
    for breach in main():
        print(breach)
    sys.exit(0)
