/*
 * What a program in a container may do, asked of the kernel. Statically linked and put into containers by the tests
 * (tests/support/probe.rs); it prints one line per finding and judges nothing.
 *
 *   probe calls             what the seccomp filter says of every system call number
 *   probe keys NAME CMD...  runs CMD in a new session keyring that holds a key called NAME
 *   probe key NAME          looks for such a key
 *   probe steal TTY         pushes a byte into a terminal's input (TIOCSTI), and takes the terminal (TIOCSCTTY)
 *   probe overwrite STOP    tries to write to the executable of every process until the file STOP is there
 *   probe descriptors       every open descriptor, and whether it leads to a directory outside the root
 *   probe groups            user, groups, and the inheritable and ambient capabilities
 *   probe abstract NAME     connects to an abstract socket
 *   probe device MAJ MIN    makes a device node and opens it
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- calls ------------------------------------------------------------------------------------------------------
 *
 * A call that the container's filter lets through must not be made: among them are reboot(2) and exit(2). So a second
 * filter is put on top, which hands every call marked by its sixth argument to a listener, and the listener answers it
 * with an errno that no kernel uses. The kernel runs both filters, and a refusal by the container's own is stronger than
 * a notification (seccomp(2)): an answer other than that errno is the container's.
 */
#define MARK 0x5eadbeefUL
#define ANSWER 4000
#define LAST_CALL 0x3ffff

static int listener = -1;
static pthread_barrier_t begun;

static long native(long number, long first, long second, long third) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = 0;
    register long r8 __asm__("r8") = 0;
    register long r9 __asm__("r9") = MARK;
    /* The mark must not stay behind for the next call of the C library. */
    __asm__ volatile("syscall; xor %%r9d, %%r9d"
                     : "=a"(result), "+r"(r9)
                     : "a"(number), "D"(first), "S"(second), "d"(third), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
#else
    long result = syscall(number, first, second, third, 0L, 0L, MARK);
    return result < 0 ? -errno : result;
#endif
}

#if defined(__x86_64__)
/* The way 32-bit programs make calls. */
static long compatible(long number) {
    long result;
    __asm__ volatile("lea -128(%%rsp), %%rsp; push %%rbp; mov %2, %%ebp; int $0x80; pop %%rbp; lea 128(%%rsp), %%rsp"
                     : "=a"(result)
                     : "a"(number), "r"((unsigned)MARK), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
                     : "r8", "r9", "r10", "r11", "memory");
    return (int)result;
}
#endif

/* uretprobe and uprobe of x86_64: Linux from 6.14 on asks no filter, and signals whoever is not its own trampoline. */
static int is_unfiltered(long number) {
#if defined(__x86_64__)
    return number == 335 || number == 336;
#else
    return number < 0;
#endif
}

static void tell(const char *kind, long number, long result) {
    if (result == -ANSWER)
        printf("%s %ld allowed\n", kind, number);
    else
        printf("%s %ld refused %ld\n", kind, number, -result);
}

static int open_listener(void) {
    unsigned mark = offsetof(struct seccomp_data, args[5]);
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, mark),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)MARK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void *ask(void *nothing) {
    listener = open_listener();
    int error = errno;
    pthread_barrier_wait(&begun);
    if (listener < 0) {
        printf("unavailable %s\n", strerror(error));
        return nothing;
    }
    for (long number = 0; number < 1024; number++)
        if (!is_unfiltered(number))
            tell("call", number, native(number, 0, 0, 0));
    for (long family = 0; family < 64; family++)
        tell("socket", family, native(SYS_socket, family, 3, 0));
    tell("socket-audit", 9, native(SYS_socket, AF_NETLINK, SOCK_RAW, 9));
    for (int bit = 0; bit < 32; bit++) {
        tell("clone", bit, native(SYS_clone, 1L << bit, 0, 0));
        tell("personality", bit, native(SYS_personality, 1L << bit, 0, 0));
    }
    /* TIOCSTI, TIOCLINUX */
    tell("ioctl", 0x5412, native(SYS_ioctl, 0, 0x5412, 0));
    tell("ioctl", 0x541c, native(SYS_ioctl, 0, 0x541c, 0));
#if defined(__x86_64__)
    for (long number = 0; number < 1024; number++)
        tell("x32", number, native(number | 0x40000000, 0, 0, 0));
    fflush(stdout);
    for (long number = 0; number < 1024; number++)
        tell("i386", number, compatible(number));
#endif
    fflush(stdout);
    native(LAST_CALL, 0, 0, 0);
    return nothing;
}

static int calls(void) {
    pthread_t thread;
    pthread_barrier_init(&begun, NULL, 2);
    pthread_create(&thread, NULL, ask, NULL);
    pthread_barrier_wait(&begun);
    while (listener >= 0) {
        struct seccomp_notif call = {0};
        struct seccomp_notif_resp answer = {0};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
            break;
        if (call.data.nr == LAST_CALL)
            _exit(0);
        answer.id = call.id;
        answer.error = -ANSWER;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
    pthread_join(thread, NULL);
    return 0;
}

/* --- the rest --------------------------------------------------------------------------------------------------- */

static void found(const char *what, long result) {
    printf("%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

static int keys(const char *name, char **command) {
    syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, NULL);
    if (syscall(SYS_add_key, "user", name, "secret", 6, -3 /* SESSION */) < 0 ||
        syscall(SYS_add_key, "user", name, "secret", 6, -4 /* USER */) < 0) {
        perror("add_key");
        return 77;
    }
    execvp(command[0], command);
    perror(command[0]);
    return 1;
}

static int key(const char *name) {
    found("session keyring", syscall(SYS_keyctl, 10 /* SEARCH */, -3, "user", name, 0));
    found("user keyring", syscall(SYS_keyctl, 10, -4, "user", name, 0));
    found("request", syscall(SYS_request_key, "user", name, NULL, 0));
    return 0;
}

static int steal(const char *path) {
    int terminal = open(path, O_RDWR | O_NOCTTY);
    if (terminal < 0)
        terminal = 0;
    found("push", ioctl(terminal, TIOCSTI, "x"));
    found("take", ioctl(terminal, TIOCSCTTY, 1));
    return 0;
}

/* Whether a program is a file of the container itself. */
static int is_inside(const char *path) {
    char target[4096] = {0};
    struct stat running, found;
    if (readlink(path, target, sizeof target - 1) < 0 || stat(path, &running) < 0)
        return 1;
    return stat(target, &found) == 0 && running.st_dev == found.st_dev && running.st_ino == found.st_ino;
}

static int overwrite(const char *stop) {
    long looked = 0, written = 0, other = 0;
    for (;;) {
        DIR *proc = opendir("/proc");
        for (struct dirent *entry; proc && (entry = readdir(proc));) {
            char path[300], again[64];
            snprintf(path, sizeof path, "/proc/%s/exe", entry->d_name);
            if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name) || is_inside(path))
                continue;
            /* A handle first: writing is tried again through it when the program may have ended (ETXTBSY until then). */
            int handle = open(path, O_PATH), way;
            if (handle < 0)
                continue;
            looked++;
            snprintf(again, sizeof again, "/proc/self/fd/%d", handle);
            for (int attempt = 0; attempt < 3; attempt++) {
                way = open(attempt == 1 ? path : again, O_WRONLY | (attempt == 2 ? O_TRUNC : 0));
                if (way >= 0 && write(way, "#!/bin/false\n", 13) > 0)
                    written++;
                else if (errno != EROFS && errno != ETXTBSY && errno != EACCES && errno != ENOENT && errno != EPERM)
                    other = errno;
                if (way >= 0)
                    close(way);
            }
            if (chmod(again, 0777) == 0)
                written++;
            close(handle);
        }
        if (proc)
            closedir(proc);
        if (access(stop, F_OK) == 0)
            break;
    }
    printf("looked %s, written %ld, other %ld\n", looked ? "yes" : "no", written, other);
    return 0;
}

static int descriptors(void) {
    for (int number = 3; number < 1024; number++) {
        char path[64], target[4096] = {0};
        snprintf(path, sizeof path, "/proc/self/fd/%d", number);
        if (readlink(path, target, sizeof target - 1) >= 0)
            printf("%d %s\n", number, target);
    }
    return 0;
}

static int groups(void) {
    gid_t list[256];
    int count = getgroups(256, list);
    printf("uid %d gid %d groups", getuid(), getgid());
    for (int number = 0; number < count; number++)
        printf(" %d", list[number]);
    printf("\n");
    return 0;
}

static int abstract_socket(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
    int socket_descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
    found("connect", connect(socket_descriptor, (struct sockaddr *)&address, length));
    return 0;
}

static int device(const char *major_text, const char *minor_text) {
    dev_t number = makedev(atoi(major_text), atoi(minor_text));
    found("mknod", mknod("/tmp/device", S_IFCHR | 0666, number));
    found("open", open("/tmp/device", O_RDONLY));
    return 0;
}

int main(int count, char **words) {
    const char *verb = count > 1 ? words[1] : "", *first = count > 2 ? words[2] : "";
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    if (!strcmp(verb, "calls"))
        return calls();
    if (!strcmp(verb, "keys") && count > 3)
        return keys(first, words + 3);
    if (!strcmp(verb, "key"))
        return key(first);
    if (!strcmp(verb, "steal"))
        return steal(first);
    if (!strcmp(verb, "overwrite"))
        return overwrite(first);
    if (!strcmp(verb, "descriptors"))
        return descriptors();
    if (!strcmp(verb, "groups"))
        return groups();
    if (!strcmp(verb, "abstract"))
        return abstract_socket(first);
    if (!strcmp(verb, "device") && count > 3)
        return device(first, words[3]);
    fprintf(stderr, "probe: what?\n");
    return 2;
}
