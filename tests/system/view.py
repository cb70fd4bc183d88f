"""view.py DIRECTORY unnamed|no-unnamed: file operations in a view of ownership, run inside a container; prints what is not as on any file system."""
import ctypes, errno, fcntl, mmap, os, socket, stat, sys

os.chdir(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
uid, gid = os.getuid(), os.getgid()


def check(holds, what):
    if not holds:
        print("wrong:", what)


def refuses(number, what, call):
    try:
        call()
        print("not refused:", what)
    except OSError as error:
        check(error.errno == number, f"{what}: {errno.errorcode[error.errno]}")


def renameat2(old, new, flags):
    if libc.renameat2(-100, old.encode(), -100, new.encode(), flags):
        raise OSError(ctypes.get_errno(), "renameat2")


def new(name, mode=0o600, flags=0):
    return os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR | flags, mode)


# Names, and files without one.
file = new("a", 0o640)
os.write(file, b"0123456789")
found = os.stat("a")
check((found.st_uid, found.st_gid, found.st_mode & 0o777) == (uid, gid, 0o640), "owner and mode of a new file")
os.link("a", "b")
check(os.stat("a").st_nlink == 2 and os.stat("a").st_ino == os.stat("b").st_ino, "hard link")
os.unlink("a")
check(os.stat("b").st_nlink == 1, "links after unlink")
os.unlink("b")
check(os.fstat(file).st_nlink == 0 and os.fstat(file).st_size == 10, "an open file without a name")
os.ftruncate(file, 4)
os.fchmod(file, 0o604)
check(os.pread(file, 10, 0) == b"0123" and os.fstat(file).st_mode & 0o777 == 0o604, "change of a file without a name")
refuses(errno.ENOENT, "a missing file", lambda: os.open("a", os.O_RDONLY))

# Renaming.
open("one", "w").write("1")
open("two", "w").write("2")
os.rename("one", "two")
check(open("two").read() == "1", "rename over a file")
os.mkdir("directory")
open("directory/in", "w").write("in")
refuses(errno.EEXIST, "RENAME_NOREPLACE", lambda: renameat2("two", "directory", 1))
renameat2("two", "directory", 2)
check(open("two/in").read() == "in" and open("directory").read() == "1", "RENAME_EXCHANGE")
opened = os.open("two", os.O_RDONLY)
os.rename("two", "moved")
os.close(os.open("in", os.O_RDONLY, dir_fd=opened))
check(open("moved/in").read() == "in", "a file in a renamed directory")

# Contents.
first, second = open("log", "ab", buffering=0), open("log", "ab", buffering=0)
first.write(b"1"), second.write(b"2"), first.write(b"3")
check(open("log", "rb").read() == b"123", "O_APPEND from two descriptors")
file = new("mapped")
os.ftruncate(file, 8192)
shared = mmap.mmap(file, 8192)
shared[0:3] = b"abc"
shared.flush()
check(os.pread(file, 3, 0) == b"abc", "a write by mapping")
os.pwrite(file, b"zz", 0)
check(shared[0:2] == b"zz", "a write seen by mapping")
os.posix_fallocate(file, 0, 100_000)
check(os.fstat(file).st_size == 100_000, "fallocate")
sparse = new("sparse")
os.ftruncate(sparse, 1 << 30)
os.pwrite(sparse, b"x", 1 << 20)
check(os.fstat(sparse).st_blocks < 1000, "a sparse file")
check(os.lseek(sparse, 0, os.SEEK_DATA) in (0, 1 << 20), "SEEK_DATA")
source, target = new("from"), new("to")
os.write(source, b"q" * 100_000)
check(os.copy_file_range(source, target, 100_000, 0, 0) == 100_000 and os.stat("to").st_size == 100_000, "copy_file_range")
direct, page = new("direct", flags=os.O_DIRECT), mmap.mmap(-1, 4096)
page[:] = b"d" * 4096
check(os.write(direct, page) == 4096 and os.stat("direct").st_size == 4096, "O_DIRECT")
os.fsync(direct)
secret = new("secret", 0o400)
os.write(secret, b"x")
check(os.pread(secret, 1, 0) == b"x", "a file made read-only and written")
if sys.argv[2] == "no-unnamed":
    # Linux before 6.2 does not ask, and not every file system of a host has it.
    refuses(errno.EOPNOTSUPP, "O_TMPFILE", lambda: os.open(".", os.O_TMPFILE | os.O_RDWR))
else:
    unnamed = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600)
    check(os.write(unnamed, b"unnamed") == 7 and os.fstat(unnamed).st_nlink == 0, "O_TMPFILE")
    slash = os.open("/", os.O_RDONLY)
    os.link(f"/proc/self/fd/{unnamed}", "named", src_dir_fd=slash, follow_symlinks=True)
    check(os.fstat(unnamed).st_nlink == 1 and os.stat("named").st_size == 7, "an unnamed file that is given a name")

# Attributes.
os.symlink("/etc/passwd", "link")
check(os.readlink("link") == "/etc/passwd", "symbolic link")
os.utime("link", ns=(5, 7), follow_symlinks=False)
check(os.lstat("link").st_mtime_ns == 7, "times of a symbolic link")
os.lchown("link", uid, gid), os.chown("from", uid, gid), os.chown("from", -1, -1)
# An id that the container does not have at all is EINVAL.
owners = [int(line.split()[0]) + int(line.split()[2]) - 1 for line in open("/proc/self/gid_map")]
if owners[-1] != gid:
    refuses(errno.EPERM, "another owner", lambda: os.chown("from", uid, owners[-1]))
os.umask(0)
os.close(new("open", 0o666))
check(os.stat("open").st_mode & 0o777 == 0o666, "the umask of the process, not of the server")
os.umask(0o027)
os.mkdir("closed")
check(os.stat("closed").st_mode & 0o777 == 0o750, "the umask of the process")
os.umask(0o022)
try:
    os.setxattr("to", "user.key", b"value")
    check(os.getxattr("to", "user.key") == b"value" and os.listxattr("to") == ["user.key"], "extended attribute")
    os.removexattr("to", "user.key")
    check(os.listxattr("to") == [], "removed attribute")
except OSError as error:
    check(error.errno == errno.EOPNOTSUPP, "extended attributes of a file system that has none")
check(os.statvfs(".").f_bavail > 0, "free space")

# Special files, locks, events.
os.mkfifo("fifo")
check(stat.S_ISFIFO(os.stat("fifo").st_mode), "FIFO")
listener, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
listener.bind("socket"), listener.listen(), client.connect("socket")
refuses(errno.EPERM, "a device", lambda: os.mknod("device", stat.S_IFCHR | 0o600, os.makedev(1, 3)))
other = os.open("mapped", os.O_RDWR)
fcntl.flock(file, fcntl.LOCK_EX)
refuses(errno.EAGAIN, "a second flock", lambda: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB))
events = libc.inotify_init1(0)
libc.inotify_add_watch(events, b".", 0x100)
open("event", "w").close()
check(b"event" in os.read(events, 4096), "inotify")

# Many.
os.mkdir("many")
for number in range(2000):
    os.close(new(f"many/{number}"))
check(sum(entry.stat().st_size == 0 for entry in os.scandir("many")) == 2000, "listing")
held = [os.open(f"many/{number}", os.O_RDONLY) for number in range(900)]
for number in range(2000):
    os.unlink(f"many/{number}")
os.rmdir("many")
print("done")
