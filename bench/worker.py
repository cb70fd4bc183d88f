"""worker.py: does one workload after another on the root file system it runs on, as bench/files.py tells it.

Runs as the first process of a container, or of a namespace that has a peer's mount as its root. Reads lines from standard input:
`archive SIZE` and as many bytes; `ready ROW` to prepare what is not measured; `go ROW` to work, answered with milliseconds.
"""
import os, subprocess, sys, time

PLACE = "/var/bench"
SYSTEM = "/usr /etc /var/lib"
archive = os.memfd_create("archive")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": PLACE, "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@b", "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@b",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def shell(command, **more):
    os.lseek(archive, 0, os.SEEK_SET)
    done = subprocess.run(["sh", "-ec", command], cwd=PLACE, env=ENVIRONMENT, stdin=archive, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, **more)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace").strip()[-300:] or f"exit code {done.returncode}")


def choose_files():
    """8,000 names of the image, without those the workloads after this one execute."""
    found = []
    for directory, _, files in os.walk("/usr"):
        if not directory.startswith(("/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/gcc")):
            found += [os.path.join(directory, name) for name in files if not os.path.islink(os.path.join(directory, name))]
    with open(f"{PLACE}/names", "w") as names:
        names.write("".join(name + "\0" for name in sorted(found)[:8000]))


def small_files():
    os.mkdir(f"{PLACE}/many")
    for number in range(2000):
        descriptor = os.open(f"{PLACE}/many/{number}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(descriptor, b"x" * 1000)
        os.close(descriptor)


def commits():
    import sqlite3
    base = sqlite3.connect(f"{PLACE}/base", isolation_level=None)
    base.execute("create table t (a integer primary key, b text)")
    for number in range(3000):
        base.execute("insert into t values (?, ?)", (number, "x" * 100))
    base.close()


def sources():
    headers = "stdio stdlib string math unistd fcntl errno signal pthread time netdb sys/socket sys/stat sys/wait netinet/in arpa/inet".split()
    os.mkdir(f"{PLACE}/c")
    for number in range(12):
        with open(f"{PLACE}/c/{number}.c", "w") as file:
            file.write("".join(f"#include <{header}.h>\n" for header in headers))
            for function in range(20):
                file.write(f"int f{function}(int a) {{ char b[64]; snprintf(b, sizeof b, \"%d\", a); return (int)strlen(b) + {number}; }}\n")


UNTAR = "mkdir small; tar -C small -xf -"
LARGE = "dd if=/dev/zero of=large bs=1M count=512 status=none"
REPOSITORY = "test -d repo || { mkdir repo; tar -C repo -xf - --wildcards '*sympy*'; cd repo; git init -q; git config gc.auto 0; git add .; git commit -q -m all; }"
FIND = f"find {SYSTEM} >/dev/null"
TAR = f"tar -cf - {SYSTEM} 2>/dev/null | cat >/dev/null"
FIO = "fio --name=io --filename=data --size=128M --bs=4k --ioengine=psync --randseed=7 --invalidate=0 --output=/dev/null"
# row -> (what is prepared, what is measured); text is for the shell
ROWS = {
    "find cold": (None, FIND),
    "find warm": (FIND, FIND),
    "stat walk": (None, f"find {SYSTEM} -printf '%s\\n' >/dev/null"),
    "tar read cold": (None, TAR),
    "tar read warm": (TAR, TAR),
    "python import": (None, "python3 -c 'import sympy, numpy, setuptools, babel, sqlite3, asyncio, sympy.physics.mechanics, numpy.f2py, http.server, email.mime.text'"),
    "chmod of 8,000": (choose_files, "xargs -0 chmod o-r <names"),
    # Before anything is deleted: ext4 avoids inodes that were freed a moment ago, and spends long on looking for others.
    "2,000 small files": (None, small_files),
    "untar 70 MB": (None, UNTAR),
    "rm -rf of it": (f"test -d small || {{ {UNTAR}; }}", "rm -rf small"),
    "write 512 MB": (None, LARGE),
    "read 512 MB": (f"test -e large || {LARGE}", "cat large >/dev/null"),
    "fio random read": (f"rm -f large; test -e data || {FIO} --rw=write", f"{FIO} --rw=randread --io_size=512M"),
    "fio random write": (f"test -e data || {FIO} --rw=write", f"{FIO} --rw=randwrite --io_size=96M"),
    "sqlite commits": (None, commits),
    "git status": (REPOSITORY, "cd repo; git status --porcelain"),
    "git clone": (REPOSITORY, "git clone -q --no-local repo copy"),
    "C compile": (sources, "cd c; for file in *.c; do gcc -O1 -c $file; done"),
    "exec of 200": (None, "i=0; while [ $i -lt 200 ]; do /usr/bin/env true; i=$((i+1)); done"),
}


def work(task):
    if callable(task):
        task()
    elif task:
        shell(task)


def main():
    os.makedirs(PLACE, exist_ok=True)
    print("hello", flush=True)
    for line in sys.stdin.buffer:
        word, _, row = line.decode().strip().partition(" ")
        try:
            if word == "archive":
                left = int(row)
                while left:
                    part = sys.stdin.buffer.read(min(left, 1 << 20))
                    os.write(archive, part)
                    left -= len(part)
                answer = "ok"
            elif word == "ready":
                work(ROWS[row][0])
                answer = "ok"
            else:
                began = time.monotonic()
                work(ROWS[row][1])
                answer = f"ok {1000 * (time.monotonic() - began):.2f}"
        except (OSError, RuntimeError, ImportError, MemoryError) as error:
            answer = f"failed {' '.join(str(error).split())}"
        except Exception as error:
            answer = f"failed {type(error).__name__}: {' '.join(str(error).split())}"
        print(answer, flush=True)


if __name__ == "__main__":
    main()
