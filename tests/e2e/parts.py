"""The tool of tests/env and the coordinates of what it brought up."""
import os
import pathlib
import subprocess

ENV = os.environ.get("INNKEEPER_ENV", "")
BUILD = pathlib.Path(os.environ.get("INNKEEPER_BUILD", "build/asan")).resolve()
DOMAIN = os.environ.get("IPA_DOMAIN", "")


def env(*arguments, stdin=None, timeout=900):
    """Runs the tool of tests/env; its output."""
    done = subprocess.run([ENV, *arguments], input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise AssertionError(f"env {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
