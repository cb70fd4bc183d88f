"""changed.py TREE BEFORE: what is in TREE and not, or not the same, in the tree BEFORE; names for `tar --null --files-from`."""
import os, stat, sys

tree, before = sys.argv[1:]


def looks(path):
    try:
        found = os.lstat(path)
    except OSError:
        return None
    link = os.readlink(path) if stat.S_ISLNK(found.st_mode) else found.st_size
    if stat.S_ISREG(found.st_mode):
        with open(path, "rb") as file:
            link = hash(file.read())
    return found.st_mode, found.st_uid, found.st_gid, None if stat.S_ISDIR(found.st_mode) else link


for directory, directories, files in os.walk(tree):
    directories.sort()
    for name in sorted(directories + files):
        path = os.path.join(directory, name)
        inside = os.path.relpath(path, tree)
        if not before or looks(path) != looks(os.path.join(before, inside)):
            # Device nodes are the container's own affair.
            if not inside.startswith("dev/"):
                sys.stdout.buffer.write(os.fsencode(inside) + b"\0")
