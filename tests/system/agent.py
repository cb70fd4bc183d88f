"""A seccomp agent: python3 agent.py SOCKET

Listens on SOCKET, prints "ready", and for each listener that it is passed the metadata and whether the process named is
there. Every call it is asked about fails with ENOSPC (seccomp_unotify(2)).
"""

import array
import errno
import fcntl
import json
import os
import socket
import struct
import sys
import threading

RECEIVE = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV
SEND = 0xC0182101  # SECCOMP_IOCTL_NOTIF_SEND


def answer(listener):
    while True:
        asked = bytearray(80)
        try:
            fcntl.ioctl(listener, RECEIVE, asked)
            (number,) = struct.unpack_from("=Q", asked)
            fcntl.ioctl(listener, SEND, struct.pack("=QqiI", number, 0, -errno.ENOSPC, 0))
        except OSError as error:
            # Who asked was ended meanwhile; without anybody left to ask, nothing is ever received again.
            if error.errno not in (errno.ENOENT, errno.EINTR):
                return


server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen()
print("ready", flush=True)
while True:
    client, _ = server.accept()
    text, passed, _, _ = client.recvmsg(65536, socket.CMSG_SPACE(4))
    told = json.loads(text)
    descriptors = array.array("i", passed[0][2])
    there = os.path.exists(f"/proc/{told['pid']}") and told["fds"] == ["seccompFd"]
    print(told["metadata"], told["state"]["status"], there, flush=True)
    threading.Thread(target=answer, args=(descriptors[0],), daemon=True).start()
