#!/usr/bin/env python3
"""Prints C++ functions over 60 lines or 6 parameters.

Reads the text, not the grammar: a definition is a line that does not start with a blank and ends, with the
lines that follow, in ") ... {"; its end is the first line that is "}". That is how clang-format writes them
at namespace level, where all our functions of that size would be.
"""
import re
import subprocess
import sys

MOST_LINES = 60
MOST_PARAMETERS = 6


def parameters(signature):
    """How many parameters the last parenthesised list of a signature has."""
    inner = signature[signature.find("(") + 1 : signature.rfind(")")]
    depth, count = 0, 1
    for letter in inner:
        depth += letter in "(<[{"
        depth -= letter in ")>]}"
        count += letter == "," and depth == 0
    return count if inner.strip() else 0


def functions(lines):
    """Yields (first line, line count, signature)."""
    start = None
    for number, line in enumerate(lines):
        if start is None and re.match(r"[A-Za-z].*\(", line) and not re.match(r"(namespace|using|class|struct|enum|template|TEST|#)", line):
            start = number
        if start is not None and line.rstrip().endswith(";") and line[:1] not in " \t":
            start = None
        if start is not None and line.rstrip() == "}":
            text = "".join(lines[start : number + 1])
            yield start, number - start + 1, text[: text.find("{")]
            start = None


def main():
    files = subprocess.run(["git", "ls-files", "--", "*.cc", "*.h"], capture_output=True, text=True, check=True)
    for path in files.stdout.split():
        with open(path, encoding="utf-8") as source:
            lines = source.readlines()
        for start, size, signature in functions(lines):
            if size > MOST_LINES and "TEST" not in signature:
                print(f"{path}:{start + 1}: {size} lines")
            signature = re.split(r"\)\s*:[^:]", signature)[0] + ")"  # without a constructor's initialisers
            if parameters(signature) > MOST_PARAMETERS:
                print(f"{path}:{start + 1}: {parameters(signature)} parameters")


if __name__ == "__main__":
    sys.exit(main())
