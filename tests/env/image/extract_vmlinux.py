"""Takes the ELF kernel out of a bzImage.

QEMU starts an ELF kernel with a PVH entry note directly: no real-mode stub and no unpacking, which
is slow under emulation. Usage: extract_vmlinux.py BZIMAGE VMLINUX
"""
import subprocess
import sys

COMPRESSIONS = (
    (b"\x02\x21\x4c\x18", ["lz4", "-d", "-c"]),
    (b"\xfd7zXZ\x00", ["xz", "-dc", "--single-stream"]),
    (b"\x28\xb5\x2f\xfd", ["zstd", "-dc"]),
)


def extract(image: bytes) -> bytes:
    for magic, command in COMPRESSIONS:
        start = image.find(magic)
        while start >= 0:
            unpacked = subprocess.run(
                command, input=image[start:], stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, check=False).stdout
            if unpacked.startswith(b"\x7fELF"):
                return unpacked
            start = image.find(magic, start + 1)
    sys.exit("no ELF kernel in " + sys.argv[1])


with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as target:
    target.write(extract(source.read()))
