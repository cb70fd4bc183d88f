"""bench_layer.py N OF SIZE OUT DIRECTORY...: writes a tar of every OFth file, from the Nth on, until it compresses to SIZE bytes."""
import os, sys, tarfile, zlib

number, of, size, out = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]


class Counted:
    """A file that knows about how large its content is when compressed as gzip does by default."""

    def __init__(self, path):
        self.file, self.zip, self.compressed = open(path, "wb"), zlib.compressobj(6), 0

    def write(self, data):
        self.compressed += len(self.zip.compress(data))
        return self.file.write(data)


sink = Counted(out)
tar = tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT)
index = 0
for top in sys.argv[5:]:
    for directory, names, files in os.walk(top):
        names.sort()
        for name in sorted(files):
            index += 1
            path = os.path.join(directory, name)
            if index % of != number or not os.path.isfile(path) or os.path.islink(path) or os.path.getsize(path) > 30_000_000:
                continue
            info = tar.gettarinfo(path, arcname=f"bench/{number}{path}")
            info.uid = info.gid = 0
            if info.islnk():
                info.type, info.linkname, info.size = tarfile.REGTYPE, "", os.path.getsize(path)
            with open(path, "rb") as file:
                tar.addfile(info, file)
            if sink.compressed >= size:
                tar.close()
                sink.file.close()
                sys.exit(0)
sys.exit("bench_layer: not enough files on this machine")
