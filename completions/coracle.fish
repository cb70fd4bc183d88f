# fish completion for coracle: the program itself is asked, so names of containers, images and volumes are offered as well.

function __coracle_ask
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null
end

function __coracle_names
    __coracle_ask | string match --invert --regex '^:[0-9]+$'
end

# Files are offered unless the last line says that none are wanted.
function __coracle_wants_no_files
    set -l directive (__coracle_ask | string match --regex --groups-only '^:([0-9]+)$')
    test -n "$directive"; and test (math "floor($directive / 4) % 2") -eq 1
end

complete -c coracle -n __coracle_wants_no_files -f
complete -c coracle -a '(__coracle_names)'
complete -c coracle -n "__fish_coracle_needs_command" -l root -d 'Directory of the store: images, containers and volumes [default: ~/.local/share/coracle, or $CORACLE_ROOT]' -r -f -a "(__fish_complete_directories)"
complete -c coracle -n "__fish_coracle_needs_command" -l runroot -d 'Directory for what need not outlive a boot [default: $XDG_RUNTIME_DIR/coracle]' -r -f -a "(__fish_complete_directories)"
complete -c coracle -n "__fish_coracle_needs_command" -l storage-driver -d 'How a container\'s root file system is made: fuse+overlay, fuse, overlay or copy [default: the first that works here, or $CORACLE_STORAGE_DRIVER]' -r
complete -c coracle -n "__fish_coracle_needs_command" -l log-level -d 'Least important messages to print: trace, debug, info, warn, error, fatal or panic' -r
complete -c coracle -n "__fish_coracle_needs_command" -l out -d 'Write to this file what goes to standard output' -r -F
complete -c coracle -n "__fish_coracle_needs_command" -s v -l version -d 'Print the version and exit'
complete -c coracle -n "__fish_coracle_needs_command" -l noout -d 'Print nothing on standard output'
complete -c coracle -n "__fish_coracle_needs_command" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "run" -d 'Run a command in a new container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "create" -d 'Create a container without starting it'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "init" -d 'Prepare one or more containers without starting them'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "start" -d 'Start one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "attach" -d 'Attach to a running container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "exec" -d 'Run a process in a running container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "ps" -d 'List containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "cp" -d 'Copy files between a container and the host, or between containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "diff" -d 'Show what a container or image has changed'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "commit" -d 'Make an image of a container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "export" -d 'Write a container\'s root file system as a tar'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "logs" -d 'Fetch the logs of one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "mount" -d 'Mount the root file system of one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "unmount" -d 'Unmount the root file system of one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "umount" -d 'Unmount the root file system of one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "port" -d 'List the published ports of a container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "wait" -d 'Wait for one or more containers to exit'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "stats" -d 'Show what containers use of the machine'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "stop" -d 'Stop one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "restart" -d 'Restart one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "pause" -d 'Pause all the processes in one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "unpause" -d 'Unpause the processes in one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "kill" -d 'Send a signal to one or more running containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "top" -d 'Display the running processes of a container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "rename" -d 'Rename a container'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "update" -d 'Update the configuration of one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "rm" -d 'Remove one or more containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "pull" -d 'Pull images from a registry'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "push" -d 'Push an image to a registry'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "login" -d 'Log in to a registry'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "logout" -d 'Log out of a registry'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "images" -d 'List images in the store'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "rmi" -d 'Remove one or more images from the store'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "tag" -d 'Add a name to an image'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "untag" -d 'Remove a name from an image'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "history" -d 'Show how an image was made'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "import" -d 'Make an image of a tar'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "save" -d 'Write images as an archive'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "load" -d 'Load images from an archive'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "inspect" -d 'Display the configuration of a container, image, volume or network'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "container" -d 'Manage containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "image" -d 'Manage images'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "volume" -d 'Manage volumes'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "network" -d 'Manage networks'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "pod" -d 'Manage pods'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "healthcheck" -d 'Run health checks of containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "secret" -d 'Manage secrets'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "generate" -d 'Generate files for other programs from containers and pods'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "quadlet" -d 'Turn Quadlet files into systemd user services'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "startup" -d 'Start containers with a restart policy after a reboot'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "system" -d 'Manage coracle'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "oci" -d 'Be an OCI runtime for an engine: containerd, podman, Kubernetes, Slurm'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "doctor" -d 'Examine this host and say what would improve it'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "events" -d 'Show what was done to containers, images, volumes and networks'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "info" -d 'Display information about this host and this store'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "unshare" -d 'Run a command in the user namespace of containers'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "version" -d 'Display the version of coracle'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "help" -d 'Help about any command'
complete -c coracle -n "__fish_coracle_needs_command" -f -a "completion" -d 'Generate shell completions'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l detach-keys -d 'Keys that detach the terminal from the container; "" is none [default: ctrl-p,ctrl-q]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l name -d 'Name of the container; a random one is chosen when absent' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l pod -d 'Put the container into a pod, or into a new one: new:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l pod-id-file -d 'Put the container into the pod whose ID is in this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cidfile -d 'Write the container\'s ID to this file, which goes with the container' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -l pidfile -d 'Write the process ID of the container\'s first process to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -l conmon-pidfile -d 'Write the process ID of the container\'s keeper to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -s l -l label -d 'Label the container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l label-file -d 'Read labels from this file, one a line' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -l annotation -d 'Annotate the container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l stop-signal -d 'Signal that asks the container to stop [default: the image\'s, or SIGTERM]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l stop-timeout -d 'Seconds a container has to stop before it is killed [default: 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l restart -d 'When to start the container again after it has ended: no, on-failure, on-failure:N, always or unless-stopped [default: no]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l requires -d 'Containers that are started before this one; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l systemd -d 'Prepare the container for systemd as its process: true (when its command is systemd or an init), always or false [default: true]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l timeout -d 'Kill the container after so many seconds; 0 is never' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l sdnotify -d 'When a service manager ($NOTIFY_SOCKET) is told that the container runs: conmon (at its start), healthy or ignore [default: ignore]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l log-driver -d 'What keeps the container\'s output: k8s-file, json-file, journald, none or passthrough [default: k8s-file]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l log-opt -d 'Option of the log driver, e.g. max-size=10m, max-file=3 or tag=NAME; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l pull -d 'When to ask the registry: always, missing, never or newer [default: missing]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l platform -d 'Platform of the image, e.g. linux/arm64/v8 [default: this machine\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l os -d 'Operating system of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l arch -d 'Processor architecture of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l variant -d 'Variant of the architecture' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l authfile -d 'File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -l creds -d 'Credentials for the registry' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l tls-verify -d 'Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l image-volume -d 'What becomes of the image\'s volumes: bind (also called anonymous), tmpfs or ignore [default: bind]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s a -l attach -d 'Attach stdin, stdout or stderr only; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l entrypoint -d 'Run this instead of the image\'s entry point; a JSON array gives several words, "" none' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s u -l user -d 'User, and group, the process runs as' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s w -l workdir -d 'Working directory in the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l group-add -d 'Additional group, or keep-groups for the caller\'s own; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l ulimit -d 'Limit a resource of the process, e.g. nofile=1024:4096, or copy all limits with host; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l umask -d 'File mode mask, octal [default: 0022]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l tz -d 'Time zone, e.g. Europe/Riga, or local' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l oom-score-adj -d 'Adjustment of the score by which the kernel chooses whom to kill, -1000 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l preserve-fds -d 'Pass so many descriptors on, from 3' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l preserve-fd -d 'Pass this descriptor on; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l passwd-entry -d 'Line to write to /etc/passwd for the user' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l group-entry -d 'Line to write to /etc/group for the group' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l hostuser -d 'User of the host to add to /etc/passwd; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l personality -d 'Execution domain, e.g. LINUX32' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s e -l env -d 'Set a variable, or copy the caller\'s (NAME, or PREFIX* for all that begin so); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l env-file -d 'Read variables from this file, one a line; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -l env-merge -d 'Set a variable from the image\'s environment, e.g. PATH=${PATH}:/opt/bin; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l unsetenv -d 'Remove a variable of the image; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s v -l volume -d 'Mount a directory (SOURCE is a path: /... or ./...) or a volume (SOURCE is its name), OPTIONS as ro, O (changes are thrown away), map=user (files belong to the container\'s user inside and to you outside); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l mount -d 'Mount something: type=bind|volume|tmpfs|devpts|image,src=SOURCE,dst=DIR[,OPTION...]; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l tmpfs -d 'Mount an empty file system in memory; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l volumes-from -d 'Mount all volumes of another container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l shm-size -d 'Size of /dev/shm, e.g. 64m [default: 64m]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l storage-opt -d 'Option of the storage driver: size=SIZE limits what the container may write, e.g. size=10g; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l device -d 'Give the container a device; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l secret -d 'Give the container a secret as a file in /run/secrets (target=, uid=, gid=, mode=), or as a variable (type=env); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l network -d 'Network of the container: private, fast, host, none, container:NAME, slirp4netns or pasta (with :OPTIONS), or a network by its name [default: private]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s p -l publish -d 'Publish a port or a range of ports of the container on the host; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l expose -d 'Note that the container listens on a port or a range of ports; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l ip -d 'IPv4 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l ip6 -d 'IPv6 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l mac-address -d 'Hardware address of the container\'s interface' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l network-alias -d 'Further name of the container in its network; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s h -l hostname -d 'Host name in the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l add-host -d 'Add a line to /etc/hosts; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l dns -d 'Name server, or none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l dns-search -d 'Domain to search names in, or . for none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l dns-option -d 'Option of the resolver; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l egress -d 'Let nothing out (deny), or nothing but these destinations: NAME, *.NAME, ADDRESS or NETWORK, each with :PORT and /tcp or /udp if wanted; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l egress-log -d 'Write one line of JSON per outgoing connection to a file, or to standard error (-)' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand run" -l userns -d 'User namespace: host (the caller is root), keep-id[:uid=N,gid=N], nomap, auto[:size=N], container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l uidmap -d 'Map user ids: CONTAINER:HOST:COUNT, with podman\'s + and @; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l gidmap -d 'Map group ids likewise; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l subuidname -d 'Take ids from this name\'s range in /etc/subuid' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l subgidname -d 'Take ids from this name\'s range in /etc/subgid' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l pid -d 'PID namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l ipc -d 'IPC namespace: private, shareable, none, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l uts -d 'UTS namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cgroupns -d 'Cgroup namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-cmd -d 'Command that tells whether the container is healthy: a shell\'s, a JSON array of words, or none [default: the image\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-interval -d 'Time between two checks, or disable to run none by the clock [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-retries -d 'Failures in a row that make the container unhealthy [default: 3]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-start-period -d 'Time after the start in which failures do not count [default: 0s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-start-interval -d 'Time between two checks within the start period, as in docker' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-timeout -d 'Time after which a check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-on-failure -d 'What is done with an unhealthy container: none, kill, restart or stop [default: none]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-startup-cmd -d 'Command that has to succeed before the regular check begins' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-startup-interval -d 'Time between two startup checks, or disable [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-startup-retries -d 'Failures of the startup check after which the container is started again; 0 is never [default: 0]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-startup-success -d 'Successes of the startup check after which the regular one begins [default: 1]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-startup-timeout -d 'Time after which a startup check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-log-destination -d 'Where results are kept: local, events_logger, or a directory that gets a copy [default: local]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-max-log-count -d 'Results that are kept; 0 is all [default: 5]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l health-max-log-size -d 'Bytes of output that are kept of each check; 0 is all [default: 500]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cap-add -d 'Add a capability, or ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cap-drop -d 'Drop a capability, or ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l security-opt -d 'Security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATHS, unmask=PATHS|ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l sysctl -d 'Kernel parameter of the container\'s namespaces; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l device-cgroup-rule -d 'Rule about devices; needs a control group of root\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s m -l memory -d 'Most memory, e.g. 512m' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l memory-reservation -d 'Memory that is kept for the container when the host runs short' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l memory-swap -d 'Most memory and swap together; -1 is no limit [default: twice --memory]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l memory-swappiness -d 'Readiness to swap, 0 to 100; -1 is the host\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cpus -d 'Number of processors, e.g. 1.5' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s c -l cpu-shares -d 'Weight of processor time against others, 2 to 262144' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cpu-period -d 'Length of a period of processor time in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cpu-quota -d 'Processor time in each period in microseconds; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cpu-rt-period -d 'Length of a period of realtime processes in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cpu-rt-runtime -d 'Time of realtime processes in each period in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cpuset-cpus -d 'Processors that may be used, e.g. 0-2,7' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cpuset-mems -d 'Memory nodes that may be used, e.g. 0' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l pids-limit -d 'Most processes and threads; 0 and -1 are no limit [default: 2048]' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l blkio-weight -d 'Weight of disk access against others, 10 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l blkio-weight-device -d 'Weight of access to one disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l device-read-bps -d 'Most bytes a second that are read from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l device-write-bps -d 'Most bytes a second that are written to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l device-read-iops -d 'Most reads a second from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l device-write-iops -d 'Most writes a second to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cgroup-conf -d 'File of a control group of version 2 and what is written to it, e.g. memory.high=1g; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cgroup-parent -d 'Control group that the container\'s own is made in' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l cgroups -d 'Whether the container gets a control group: enabled, disabled, no-conmon or split' -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l rdt-class -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l kernel-memory -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l seccomp-policy -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l init-ctr -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l link -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l chrootdirs -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l init-path -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l decryption-key -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l gpus -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l runtime -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l volume-driver -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -l isolation -r
complete -c coracle -n "__fish_coracle_using_subcommand run" -s d -l detach -d 'Leave the container running in the background and print its ID'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l sig-proxy -d 'Pass signals coracle receives on to the process [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l rmi -d 'Remove the image when the container has exited, unless another container uses it; implies --rm'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l replace -d 'Remove a container that has the same name first'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l rm -d 'Remove the container when it exits'
complete -c coracle -n "__fish_coracle_using_subcommand run" -s q -l quiet -d 'Print no progress of pulling'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l rootfs -d 'The first argument is not an image but a directory that holds a root file system; with :O it is left unchanged'
complete -c coracle -n "__fish_coracle_using_subcommand run" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand run" -s t -l tty -d 'Give the container a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l init -d 'Run a small init that forwards signals and reaps processes'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l passwd -d 'Add the user to the container\'s /etc/passwd and /etc/group [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l env-host -d 'Copy the caller\'s whole environment'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l unsetenv-all -d 'Remove all variables of the image'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l http-proxy -d 'Pass the caller\'s proxy variables on [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l read-only -d 'Make the root file system read-only'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l read-only-tmpfs -d 'With --read-only, keep /run, /tmp and /var/tmp writable in memory [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand run" -s P -l publish-all -d 'Publish all ports that the image or --expose names, on random ports of the host'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l no-hosts -d 'Leave the image\'s /etc/hosts as it is'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l no-hostname -d 'Leave the image\'s /etc/hostname as it is'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l no-healthcheck -d 'Run no health check, not even the image\'s'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l privileged -d 'Give the container all privileges its user has'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l oom-kill-disable -d 'Let processes wait instead of killing one when memory is short (control groups of version 1 only)'
complete -c coracle -n "__fish_coracle_using_subcommand run" -l disable-content-trust
complete -c coracle -n "__fish_coracle_using_subcommand run" -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l name -d 'Name of the container; a random one is chosen when absent' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l pod -d 'Put the container into a pod, or into a new one: new:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l pod-id-file -d 'Put the container into the pod whose ID is in this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cidfile -d 'Write the container\'s ID to this file, which goes with the container' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -l pidfile -d 'Write the process ID of the container\'s first process to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -l conmon-pidfile -d 'Write the process ID of the container\'s keeper to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -s l -l label -d 'Label the container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l label-file -d 'Read labels from this file, one a line' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -l annotation -d 'Annotate the container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l stop-signal -d 'Signal that asks the container to stop [default: the image\'s, or SIGTERM]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l stop-timeout -d 'Seconds a container has to stop before it is killed [default: 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l restart -d 'When to start the container again after it has ended: no, on-failure, on-failure:N, always or unless-stopped [default: no]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l requires -d 'Containers that are started before this one; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l systemd -d 'Prepare the container for systemd as its process: true (when its command is systemd or an init), always or false [default: true]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l timeout -d 'Kill the container after so many seconds; 0 is never' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l sdnotify -d 'When a service manager ($NOTIFY_SOCKET) is told that the container runs: conmon (at its start), healthy or ignore [default: ignore]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l log-driver -d 'What keeps the container\'s output: k8s-file, json-file, journald, none or passthrough [default: k8s-file]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l log-opt -d 'Option of the log driver, e.g. max-size=10m, max-file=3 or tag=NAME; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l pull -d 'When to ask the registry: always, missing, never or newer [default: missing]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l platform -d 'Platform of the image, e.g. linux/arm64/v8 [default: this machine\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l os -d 'Operating system of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l arch -d 'Processor architecture of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l variant -d 'Variant of the architecture' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l authfile -d 'File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -l creds -d 'Credentials for the registry' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l tls-verify -d 'Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l image-volume -d 'What becomes of the image\'s volumes: bind (also called anonymous), tmpfs or ignore [default: bind]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s a -l attach -d 'Attach stdin, stdout or stderr only; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l entrypoint -d 'Run this instead of the image\'s entry point; a JSON array gives several words, "" none' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s u -l user -d 'User, and group, the process runs as' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s w -l workdir -d 'Working directory in the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l group-add -d 'Additional group, or keep-groups for the caller\'s own; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l ulimit -d 'Limit a resource of the process, e.g. nofile=1024:4096, or copy all limits with host; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l umask -d 'File mode mask, octal [default: 0022]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l tz -d 'Time zone, e.g. Europe/Riga, or local' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l oom-score-adj -d 'Adjustment of the score by which the kernel chooses whom to kill, -1000 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l preserve-fds -d 'Pass so many descriptors on, from 3' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l preserve-fd -d 'Pass this descriptor on; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l passwd-entry -d 'Line to write to /etc/passwd for the user' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l group-entry -d 'Line to write to /etc/group for the group' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l hostuser -d 'User of the host to add to /etc/passwd; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l personality -d 'Execution domain, e.g. LINUX32' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s e -l env -d 'Set a variable, or copy the caller\'s (NAME, or PREFIX* for all that begin so); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l env-file -d 'Read variables from this file, one a line; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -l env-merge -d 'Set a variable from the image\'s environment, e.g. PATH=${PATH}:/opt/bin; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l unsetenv -d 'Remove a variable of the image; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s v -l volume -d 'Mount a directory (SOURCE is a path: /... or ./...) or a volume (SOURCE is its name), OPTIONS as ro, O (changes are thrown away), map=user (files belong to the container\'s user inside and to you outside); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l mount -d 'Mount something: type=bind|volume|tmpfs|devpts|image,src=SOURCE,dst=DIR[,OPTION...]; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l tmpfs -d 'Mount an empty file system in memory; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l volumes-from -d 'Mount all volumes of another container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l shm-size -d 'Size of /dev/shm, e.g. 64m [default: 64m]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l storage-opt -d 'Option of the storage driver: size=SIZE limits what the container may write, e.g. size=10g; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l device -d 'Give the container a device; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l secret -d 'Give the container a secret as a file in /run/secrets (target=, uid=, gid=, mode=), or as a variable (type=env); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l network -d 'Network of the container: private, fast, host, none, container:NAME, slirp4netns or pasta (with :OPTIONS), or a network by its name [default: private]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s p -l publish -d 'Publish a port or a range of ports of the container on the host; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l expose -d 'Note that the container listens on a port or a range of ports; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l ip -d 'IPv4 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l ip6 -d 'IPv6 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l mac-address -d 'Hardware address of the container\'s interface' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l network-alias -d 'Further name of the container in its network; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s h -l hostname -d 'Host name in the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l add-host -d 'Add a line to /etc/hosts; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l dns -d 'Name server, or none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l dns-search -d 'Domain to search names in, or . for none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l dns-option -d 'Option of the resolver; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l egress -d 'Let nothing out (deny), or nothing but these destinations: NAME, *.NAME, ADDRESS or NETWORK, each with :PORT and /tcp or /udp if wanted; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l egress-log -d 'Write one line of JSON per outgoing connection to a file, or to standard error (-)' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand create" -l userns -d 'User namespace: host (the caller is root), keep-id[:uid=N,gid=N], nomap, auto[:size=N], container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l uidmap -d 'Map user ids: CONTAINER:HOST:COUNT, with podman\'s + and @; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l gidmap -d 'Map group ids likewise; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l subuidname -d 'Take ids from this name\'s range in /etc/subuid' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l subgidname -d 'Take ids from this name\'s range in /etc/subgid' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l pid -d 'PID namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l ipc -d 'IPC namespace: private, shareable, none, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l uts -d 'UTS namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cgroupns -d 'Cgroup namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-cmd -d 'Command that tells whether the container is healthy: a shell\'s, a JSON array of words, or none [default: the image\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-interval -d 'Time between two checks, or disable to run none by the clock [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-retries -d 'Failures in a row that make the container unhealthy [default: 3]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-start-period -d 'Time after the start in which failures do not count [default: 0s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-start-interval -d 'Time between two checks within the start period, as in docker' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-timeout -d 'Time after which a check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-on-failure -d 'What is done with an unhealthy container: none, kill, restart or stop [default: none]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-startup-cmd -d 'Command that has to succeed before the regular check begins' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-startup-interval -d 'Time between two startup checks, or disable [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-startup-retries -d 'Failures of the startup check after which the container is started again; 0 is never [default: 0]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-startup-success -d 'Successes of the startup check after which the regular one begins [default: 1]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-startup-timeout -d 'Time after which a startup check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-log-destination -d 'Where results are kept: local, events_logger, or a directory that gets a copy [default: local]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-max-log-count -d 'Results that are kept; 0 is all [default: 5]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l health-max-log-size -d 'Bytes of output that are kept of each check; 0 is all [default: 500]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cap-add -d 'Add a capability, or ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cap-drop -d 'Drop a capability, or ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l security-opt -d 'Security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATHS, unmask=PATHS|ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l sysctl -d 'Kernel parameter of the container\'s namespaces; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l device-cgroup-rule -d 'Rule about devices; needs a control group of root\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s m -l memory -d 'Most memory, e.g. 512m' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l memory-reservation -d 'Memory that is kept for the container when the host runs short' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l memory-swap -d 'Most memory and swap together; -1 is no limit [default: twice --memory]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l memory-swappiness -d 'Readiness to swap, 0 to 100; -1 is the host\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cpus -d 'Number of processors, e.g. 1.5' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -s c -l cpu-shares -d 'Weight of processor time against others, 2 to 262144' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cpu-period -d 'Length of a period of processor time in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cpu-quota -d 'Processor time in each period in microseconds; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cpu-rt-period -d 'Length of a period of realtime processes in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cpu-rt-runtime -d 'Time of realtime processes in each period in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cpuset-cpus -d 'Processors that may be used, e.g. 0-2,7' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cpuset-mems -d 'Memory nodes that may be used, e.g. 0' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l pids-limit -d 'Most processes and threads; 0 and -1 are no limit [default: 2048]' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l blkio-weight -d 'Weight of disk access against others, 10 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l blkio-weight-device -d 'Weight of access to one disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l device-read-bps -d 'Most bytes a second that are read from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l device-write-bps -d 'Most bytes a second that are written to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l device-read-iops -d 'Most reads a second from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l device-write-iops -d 'Most writes a second to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cgroup-conf -d 'File of a control group of version 2 and what is written to it, e.g. memory.high=1g; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cgroup-parent -d 'Control group that the container\'s own is made in' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l cgroups -d 'Whether the container gets a control group: enabled, disabled, no-conmon or split' -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l rdt-class -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l kernel-memory -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l seccomp-policy -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l init-ctr -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l link -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l chrootdirs -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l init-path -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l decryption-key -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l gpus -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l runtime -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l volume-driver -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l isolation -r
complete -c coracle -n "__fish_coracle_using_subcommand create" -l replace -d 'Remove a container that has the same name first'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l rm -d 'Remove the container when it exits'
complete -c coracle -n "__fish_coracle_using_subcommand create" -s q -l quiet -d 'Print no progress of pulling'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l rootfs -d 'The first argument is not an image but a directory that holds a root file system; with :O it is left unchanged'
complete -c coracle -n "__fish_coracle_using_subcommand create" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand create" -s t -l tty -d 'Give the container a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l init -d 'Run a small init that forwards signals and reaps processes'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l passwd -d 'Add the user to the container\'s /etc/passwd and /etc/group [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l env-host -d 'Copy the caller\'s whole environment'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l unsetenv-all -d 'Remove all variables of the image'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l http-proxy -d 'Pass the caller\'s proxy variables on [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l read-only -d 'Make the root file system read-only'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l read-only-tmpfs -d 'With --read-only, keep /run, /tmp and /var/tmp writable in memory [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand create" -s P -l publish-all -d 'Publish all ports that the image or --expose names, on random ports of the host'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l no-hosts -d 'Leave the image\'s /etc/hosts as it is'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l no-hostname -d 'Leave the image\'s /etc/hostname as it is'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l no-healthcheck -d 'Run no health check, not even the image\'s'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l privileged -d 'Give the container all privileges its user has'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l oom-kill-disable -d 'Let processes wait instead of killing one when memory is short (control groups of version 1 only)'
complete -c coracle -n "__fish_coracle_using_subcommand create" -l disable-content-trust
complete -c coracle -n "__fish_coracle_using_subcommand create" -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand init" -s a -l all -d 'Prepare all containers that are not prepared or running'
complete -c coracle -n "__fish_coracle_using_subcommand init" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand init" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand start" -l detach-keys -d 'Keys that detach the terminal from the container; "" is none [default: ctrl-p,ctrl-q]' -r
complete -c coracle -n "__fish_coracle_using_subcommand start" -l sig-proxy -d 'Pass signals coracle receives on to the process [default: true when attached]' -r
complete -c coracle -n "__fish_coracle_using_subcommand start" -s f -l filter -d 'Start containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand start" -s a -l attach -d 'Attach the container\'s standard output and standard error'
complete -c coracle -n "__fish_coracle_using_subcommand start" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand start" -l all -d 'Start all containers that are not running'
complete -c coracle -n "__fish_coracle_using_subcommand start" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand start" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand attach" -l detach-keys -d 'Keys that detach from the container; "" is none [default: the container\'s own, usually ctrl-p,ctrl-q]' -r
complete -c coracle -n "__fish_coracle_using_subcommand attach" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand attach" -l no-stdin -d 'Do not pass standard input on'
complete -c coracle -n "__fish_coracle_using_subcommand attach" -l sig-proxy -d 'Pass signals coracle receives on to the process [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand attach" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l detach-keys -d 'Keys that detach the terminal from the process; "" is none [default: ctrl-p,ctrl-q]' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s e -l env -d 'Set a variable, or copy the caller\'s (NAME, or PREFIX* for all that begin so); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l env-file -d 'Read variables from this file, one a line; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l preserve-fds -d 'Pass so many descriptors on, from 3' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l preserve-fd -d 'Pass this descriptor on; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s u -l user -d 'User, and group, the process runs as [default: the container\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l wait -d 'Wait so many seconds for the container to run' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s w -l workdir -d 'Working directory in the container [default: the container\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s d -l detach -d 'Leave the process running in the background and print the session\'s ID'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -l privileged -d 'Give the process all capabilities and no system call filter'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s t -l tty -d 'Give the process a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand exec" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s f -l filter -d 'Show containers that fit, e.g. status=exited; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand ps" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s n -l last -d 'Show the N most recently created containers, running or not' -r
complete -c coracle -n "__fish_coracle_using_subcommand ps" -l sort -d 'Order: command, created, id, image, names, runningfor, size or status [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s w -l watch -d 'Print again and again, every so many seconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s a -l all -d 'Show all containers, not only running ones'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -l no-trunc -d 'Show whole IDs and commands'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -l ns -d 'Show the containers\' namespaces'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s p -l pod -d 'Show the pods of the containers'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s s -l size -d 'Show how much the containers have written'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -l external -d 'Show containers of other tools too; there are none'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -l sync -d 'Look at the processes first; always done'
complete -c coracle -n "__fish_coracle_using_subcommand ps" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand cp" -s a -l archive -d 'Give what is copied into a container to the container\'s user; with --archive=false it keeps its owners [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand cp" -l overwrite -d 'Let a file replace a directory and a directory a file'
complete -c coracle -n "__fish_coracle_using_subcommand cp" -s L -l follow-link -d 'Follow links in the source; always done'
complete -c coracle -n "__fish_coracle_using_subcommand cp" -l pause -d 'Pause the container meanwhile; never done'
complete -c coracle -n "__fish_coracle_using_subcommand cp" -l extract -d 'Unpack a tar; what - as source does'
complete -c coracle -n "__fish_coracle_using_subcommand cp" -s q -l quiet -d 'Print nothing; nothing is printed'
complete -c coracle -n "__fish_coracle_using_subcommand cp" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand diff" -l format -d 'Print as JSON (json)' -r
complete -c coracle -n "__fish_coracle_using_subcommand diff" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand diff" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand commit" -s a -l author -d 'Who made the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand commit" -s c -l change -d 'Apply an instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME or WORKDIR; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand commit" -l config -d 'Run configuration; not supported' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand commit" -s f -l format -d 'Format of the image: oci or docker [default: oci]' -r
complete -c coracle -n "__fish_coracle_using_subcommand commit" -l iidfile -d 'Write the image\'s ID to a file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand commit" -s m -l message -d 'A remark; docker format only' -r
complete -c coracle -n "__fish_coracle_using_subcommand commit" -l include-volumes -d 'Note the container\'s volumes in the image'
complete -c coracle -n "__fish_coracle_using_subcommand commit" -s p -l pause -d 'Pause a running container while its changes are read'
complete -c coracle -n "__fish_coracle_using_subcommand commit" -s q -l quiet -d 'Print nothing but the ID; nothing else is printed'
complete -c coracle -n "__fish_coracle_using_subcommand commit" -s s -l squash -d 'Make one layer of everything'
complete -c coracle -n "__fish_coracle_using_subcommand commit" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand export" -s o -l output -d 'Write to a file [default: standard output]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand export" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand logs" -l since -d 'Print lines after this time: a date, a Unix time, or a time ago such as 10m' -r
complete -c coracle -n "__fish_coracle_using_subcommand logs" -l until -d 'Print lines before this time; a duration such as 10m is from now on, and ends --follow' -r
complete -c coracle -n "__fish_coracle_using_subcommand logs" -l tail -d 'Print so many lines at the end; -1 is all' -r
complete -c coracle -n "__fish_coracle_using_subcommand logs" -s f -l follow -d 'Print new lines as they come, until the container exits'
complete -c coracle -n "__fish_coracle_using_subcommand logs" -s t -l timestamps -d 'Print the time of each line'
complete -c coracle -n "__fish_coracle_using_subcommand logs" -s n -l names -d 'Print the container\'s name before each line'
complete -c coracle -n "__fish_coracle_using_subcommand logs" -l color -d 'Print each container\'s lines in a colour of their own'
complete -c coracle -n "__fish_coracle_using_subcommand logs" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand logs" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand mount" -l format -d 'How to list what is mounted: json' -r
complete -c coracle -n "__fish_coracle_using_subcommand mount" -s a -l all -d 'Mount all containers'
complete -c coracle -n "__fish_coracle_using_subcommand mount" -l no-trunc -d 'Show IDs in full'
complete -c coracle -n "__fish_coracle_using_subcommand mount" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand mount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand unmount" -s a -l all -d 'Unmount all containers'
complete -c coracle -n "__fish_coracle_using_subcommand unmount" -s f -l force -d 'Also when files are in use'
complete -c coracle -n "__fish_coracle_using_subcommand unmount" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand unmount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand umount" -s a -l all -d 'Unmount all containers'
complete -c coracle -n "__fish_coracle_using_subcommand umount" -s f -l force -d 'Also when files are in use'
complete -c coracle -n "__fish_coracle_using_subcommand umount" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand umount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand port" -s a -l all -d 'Show the ports of all running containers'
complete -c coracle -n "__fish_coracle_using_subcommand port" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand port" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand wait" -l condition -d 'State to wait for: configured, created, exited, healthy, initialized, paused, removing, running, stopped or stopping; may be repeated [default: exited]' -r
complete -c coracle -n "__fish_coracle_using_subcommand wait" -s i -l interval -d 'Time between two looks; coracle is told and does not look' -r
complete -c coracle -n "__fish_coracle_using_subcommand wait" -l ignore -d 'Print -1 for containers that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand wait" -l return-first -d 'Return when the first of several containers is there, and print its exit code only'
complete -c coracle -n "__fish_coracle_using_subcommand wait" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand wait" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand stats" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand stats" -s i -l interval -d 'Seconds between two looks' -r
complete -c coracle -n "__fish_coracle_using_subcommand stats" -s a -l all -d 'Show all containers, not only running ones'
complete -c coracle -n "__fish_coracle_using_subcommand stats" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand stats" -l no-reset -d 'Print each look below the one before instead of clearing the screen'
complete -c coracle -n "__fish_coracle_using_subcommand stats" -l no-stream -d 'Look once'
complete -c coracle -n "__fish_coracle_using_subcommand stats" -l no-trunc -d 'Print whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand stats" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand stop" -s t -l time -d 'Seconds to wait before a container is killed [default: the container\'s own, usually 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand stop" -s f -l filter -d 'Stop containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand stop" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand stop" -s a -l all -d 'Stop all running containers'
complete -c coracle -n "__fish_coracle_using_subcommand stop" -s i -l ignore -d 'Do not complain about containers that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand stop" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand stop" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand restart" -s t -l time -d 'Seconds to wait before a container is killed [default: the container\'s own, usually 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand restart" -s f -l filter -d 'Restart containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand restart" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand restart" -s a -l all -d 'Restart all containers, running or not'
complete -c coracle -n "__fish_coracle_using_subcommand restart" -l running -d 'Restart running containers only'
complete -c coracle -n "__fish_coracle_using_subcommand restart" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand restart" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pause" -s f -l filter -d 'Act on containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pause" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand pause" -s a -l all -d 'Act on all containers it can be done to'
complete -c coracle -n "__fish_coracle_using_subcommand pause" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand pause" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand unpause" -s f -l filter -d 'Act on containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand unpause" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand unpause" -s a -l all -d 'Act on all containers it can be done to'
complete -c coracle -n "__fish_coracle_using_subcommand unpause" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand unpause" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand kill" -s s -l signal -d 'Signal to send, by name or number' -r
complete -c coracle -n "__fish_coracle_using_subcommand kill" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand kill" -s a -l all -d 'Signal all running containers'
complete -c coracle -n "__fish_coracle_using_subcommand kill" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand kill" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand top" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand top" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand rename" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand update" -l restart -d 'When to start the container again after it has ended: no, on-failure, on-failure:N, always or unless-stopped' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -s e -l env -d 'Set a variable, or copy the caller\'s; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l unsetenv -d 'Remove a variable; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -s m -l memory -d 'Most memory, e.g. 512m' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l memory-reservation -d 'Memory that is kept for the container when the host runs short' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l memory-swap -d 'Most memory and swap together; -1 is no limit [default: twice --memory]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l memory-swappiness -d 'Readiness to swap, 0 to 100; -1 is the host\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l cpus -d 'Number of processors, e.g. 1.5' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -s c -l cpu-shares -d 'Weight of processor time against others, 2 to 262144' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l cpu-period -d 'Length of a period of processor time in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l cpu-quota -d 'Processor time in each period in microseconds; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l cpu-rt-period -d 'Length of a period of realtime processes in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l cpu-rt-runtime -d 'Time of realtime processes in each period in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l cpuset-cpus -d 'Processors that may be used, e.g. 0-2,7' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l cpuset-mems -d 'Memory nodes that may be used, e.g. 0' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l pids-limit -d 'Most processes and threads; 0 and -1 are no limit [default: 2048]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l blkio-weight -d 'Weight of disk access against others, 10 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l blkio-weight-device -d 'Weight of access to one disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l device-read-bps -d 'Most bytes a second that are read from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l device-write-bps -d 'Most bytes a second that are written to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l device-read-iops -d 'Most reads a second from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l device-write-iops -d 'Most writes a second to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-cmd -d 'Command that tells whether the container is healthy: a shell\'s, a JSON array of words, or none [default: the image\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-interval -d 'Time between two checks, or disable to run none by the clock [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-retries -d 'Failures in a row that make the container unhealthy [default: 3]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-start-period -d 'Time after the start in which failures do not count [default: 0s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-start-interval -d 'Time between two checks within the start period, as in docker' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-timeout -d 'Time after which a check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-on-failure -d 'What is done with an unhealthy container: none, kill, restart or stop [default: none]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-startup-cmd -d 'Command that has to succeed before the regular check begins' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-startup-interval -d 'Time between two startup checks, or disable [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-startup-retries -d 'Failures of the startup check after which the container is started again; 0 is never [default: 0]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-startup-success -d 'Successes of the startup check after which the regular one begins [default: 1]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-startup-timeout -d 'Time after which a startup check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-log-destination -d 'Where results are kept: local, events_logger, or a directory that gets a copy [default: local]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-max-log-count -d 'Results that are kept; 0 is all [default: 5]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -l health-max-log-size -d 'Bytes of output that are kept of each check; 0 is all [default: 500]' -r
complete -c coracle -n "__fish_coracle_using_subcommand update" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand update" -l oom-kill-disable -d 'Let processes wait instead of killing one when memory is short (control groups of version 1 only)'
complete -c coracle -n "__fish_coracle_using_subcommand update" -l no-healthcheck -d 'Run no health check, not even the image\'s'
complete -c coracle -n "__fish_coracle_using_subcommand update" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s t -l time -d 'Seconds to wait for a running container to stop before it is killed; implies --force [default: the container\'s own]' -r
complete -c coracle -n "__fish_coracle_using_subcommand rm" -l filter -d 'Remove containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand rm" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s a -l all -d 'Remove all containers'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s f -l force -d 'Remove running containers too: they are stopped first'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s i -l ignore -d 'Do not complain about containers that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s v -l volumes -d 'Remove the containers\' anonymous volumes'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -l depend -d 'Remove containers that use its namespaces as well, before it'
complete -c coracle -n "__fish_coracle_using_subcommand rm" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l policy -d 'When to ask the registry: always, missing, never or newer [default: always]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l platform -d 'Platform of the image, e.g. linux/arm64/v8 [default: this machine\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l os -d 'Operating system of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l arch -d 'Processor architecture of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l variant -d 'Variant of the architecture' -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l authfile -d 'File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l creds -d 'Credentials for the registry' -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l tls-verify -d 'Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l decryption-key -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l signature-policy -r
complete -c coracle -n "__fish_coracle_using_subcommand pull" -s a -l all-tags -d 'Pull every tag of the repository'
complete -c coracle -n "__fish_coracle_using_subcommand pull" -s q -l quiet -d 'Print no progress of pulling'
complete -c coracle -n "__fish_coracle_using_subcommand pull" -l disable-content-trust
complete -c coracle -n "__fish_coracle_using_subcommand pull" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand push" -l authfile -d 'File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand push" -l compression-format -d 'How new layers are compressed: gzip or zstd [default: gzip]' -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l compression-level -d 'Level of that' -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l creds -d 'Credentials for the registry' -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l digestfile -d 'Write the digest of the pushed manifest to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand push" -s f -l format -d 'Form of the manifest: oci or v2s2 (also called docker) [default: the image\'s own]' -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l tls-verify -d 'Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]' -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l retry -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l retry-delay -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l cert-dir -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l sign-by -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l sign-by-sigstore -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l sign-by-sigstore-private-key -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l sign-passphrase-file -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l encryption-key -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l encrypt-layer -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l signature-policy -r
complete -c coracle -n "__fish_coracle_using_subcommand push" -l force-compression -d 'Compress so even what the registry has in another form'
complete -c coracle -n "__fish_coracle_using_subcommand push" -s q -l quiet -d 'Print no progress'
complete -c coracle -n "__fish_coracle_using_subcommand push" -l disable-content-trust
complete -c coracle -n "__fish_coracle_using_subcommand push" -l remove-signatures
complete -c coracle -n "__fish_coracle_using_subcommand push" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand login" -l authfile -l compat-auth-file -d 'File to keep the login in [default: $REGISTRY_AUTH_FILE, or auth.json in $XDG_RUNTIME_DIR/containers]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand login" -s p -l password -d 'Password' -r
complete -c coracle -n "__fish_coracle_using_subcommand login" -l tls-verify -d 'Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]' -r
complete -c coracle -n "__fish_coracle_using_subcommand login" -s u -l username -d 'User name' -r
complete -c coracle -n "__fish_coracle_using_subcommand login" -l get-login -d 'Print the user logged in at the registry, and do nothing'
complete -c coracle -n "__fish_coracle_using_subcommand login" -l password-stdin -d 'Read the password from standard input'
complete -c coracle -n "__fish_coracle_using_subcommand login" -s v -l verbose -d 'Say which file the login is kept in'
complete -c coracle -n "__fish_coracle_using_subcommand login" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand logout" -l authfile -l compat-auth-file -d 'File the login is kept in [default: $REGISTRY_AUTH_FILE, or auth.json in $XDG_RUNTIME_DIR/containers]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand logout" -s a -l all -d 'Forget all logins'
complete -c coracle -n "__fish_coracle_using_subcommand logout" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand images" -s f -l filter -d 'Show images that fit, e.g. dangling=true; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand images" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand images" -l sort -d 'Order: created, id, repository, size or tag [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand images" -s a -l all -d 'Show intermediate images too'
complete -c coracle -n "__fish_coracle_using_subcommand images" -l digests -d 'Show digests'
complete -c coracle -n "__fish_coracle_using_subcommand images" -l history -d 'Show the names an image has had'
complete -c coracle -n "__fish_coracle_using_subcommand images" -l no-trunc -d 'Show whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand images" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand images" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand images" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand rmi" -s a -l all -d 'Remove all images'
complete -c coracle -n "__fish_coracle_using_subcommand rmi" -s f -l force -d 'Remove images containers were made of, and those containers'
complete -c coracle -n "__fish_coracle_using_subcommand rmi" -s i -l ignore -d 'Do not complain about images that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand rmi" -l no-prune -d 'Leave parents without a name in the store'
complete -c coracle -n "__fish_coracle_using_subcommand rmi" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand tag" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand untag" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand history" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand history" -s H -l human -d 'Print sizes and times in words [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand history" -l no-trunc -d 'Show whole commands'
complete -c coracle -n "__fish_coracle_using_subcommand history" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand history" -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand history" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand import" -s c -l change -d 'Apply an instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME or WORKDIR; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand import" -s m -l message -d 'A remark' -r
complete -c coracle -n "__fish_coracle_using_subcommand import" -l os -d 'Operating system of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand import" -l arch -d 'Processor architecture of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand import" -l variant -d 'Variant of the architecture' -r
complete -c coracle -n "__fish_coracle_using_subcommand import" -l platform -d 'Platform of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand import" -s q -l quiet -d 'Print nothing but the ID; nothing else is printed'
complete -c coracle -n "__fish_coracle_using_subcommand import" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand save" -l format -d 'Format: docker-archive, oci-archive, docker-dir or oci-dir [default: docker-archive]' -r
complete -c coracle -n "__fish_coracle_using_subcommand save" -s o -l output -d 'Write to a file or directory [default: standard output]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand save" -s m -l multi-image-archive -d 'Further names are images and not names of the first one; always so when called as docker'
complete -c coracle -n "__fish_coracle_using_subcommand save" -s q -l quiet -d 'Print nothing; nothing is printed'
complete -c coracle -n "__fish_coracle_using_subcommand save" -l compress -d 'Compress the layers with gzip; with docker-dir only'
complete -c coracle -n "__fish_coracle_using_subcommand save" -l uncompressed -d 'Keep layers as they are; always done'
complete -c coracle -n "__fish_coracle_using_subcommand save" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand load" -s i -l input -d 'Read a file or directory [default: standard input]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand load" -s q -l quiet -d 'Print no progress; none is printed'
complete -c coracle -n "__fish_coracle_using_subcommand load" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand inspect" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand inspect" -s k -l type -d 'What to look at: container, image, volume, network or all [default: all]' -r
complete -c coracle -n "__fish_coracle_using_subcommand inspect" -s s -l size -d 'Add how much containers have written'
complete -c coracle -n "__fish_coracle_using_subcommand inspect" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand inspect" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "cleanup" -d 'Remove what killed processes left of one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "clone" -d 'Create a container with the options of another one'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "exists" -d 'Check whether a container exists'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "inspect" -d 'Display the configuration of a container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "list" -d 'List containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "ls" -d 'List containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "ps" -d 'List containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "prune" -d 'Remove all containers that are not running'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "run" -d 'Run a command in a new container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "create" -d 'Create a container without starting it'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "init" -d 'Prepare one or more containers without starting them'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "start" -d 'Start one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "attach" -d 'Attach to a running container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "exec" -d 'Run a process in a running container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "cp" -d 'Copy files between a container and the host, or between containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "commit" -d 'Make an image of a container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "export" -d 'Write a container\'s root file system as a tar'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "logs" -d 'Fetch the logs of one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "mount" -d 'Mount the root file system of one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "unmount" -d 'Unmount the root file system of one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "umount" -d 'Unmount the root file system of one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "port" -d 'List the published ports of a container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "wait" -d 'Wait for one or more containers to exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "stats" -d 'Show what containers use of the machine'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "stop" -d 'Stop one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "restart" -d 'Restart one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "pause" -d 'Pause all the processes in one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "unpause" -d 'Unpause the processes in one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "kill" -d 'Send a signal to one or more running containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "top" -d 'Display the running processes of a container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "rename" -d 'Rename a container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "update" -d 'Update the configuration of one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "rm" -d 'Remove one or more containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and not __fish_seen_subcommand_from cleanup clone exists inspect list ls ps prune run create init start attach exec cp commit export logs mount unmount umount port wait stats stop restart pause unpause kill top rename update rm diff" -f -a "diff" -d 'Show what a container has changed'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cleanup" -l exec -d 'Clean up after this process of exec instead of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cleanup" -s a -l all -d 'Clean up after all containers that do not run'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cleanup" -l rm -d 'Remove the container afterwards'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cleanup" -l rmi -d 'Remove the container\'s image afterwards'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cleanup" -l stopped-only -d 'Leave out containers that were never started'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cleanup" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cleanup" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l name -d 'Name of the new container [default: the old one\'s and -clone]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l pod -d 'Pod that the new container belongs to' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -s m -l memory -d 'Most memory, e.g. 512m' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l memory-reservation -d 'Memory that is kept for the container when the host runs short' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l memory-swap -d 'Most memory and swap together; -1 is no limit [default: twice --memory]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l memory-swappiness -d 'Readiness to swap, 0 to 100; -1 is the host\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l cpus -d 'Number of processors, e.g. 1.5' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -s c -l cpu-shares -d 'Weight of processor time against others, 2 to 262144' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l cpu-period -d 'Length of a period of processor time in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l cpu-quota -d 'Processor time in each period in microseconds; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l cpu-rt-period -d 'Length of a period of realtime processes in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l cpu-rt-runtime -d 'Time of realtime processes in each period in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l cpuset-cpus -d 'Processors that may be used, e.g. 0-2,7' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l cpuset-mems -d 'Memory nodes that may be used, e.g. 0' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l pids-limit -d 'Most processes and threads; 0 and -1 are no limit [default: 2048]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l blkio-weight -d 'Weight of disk access against others, 10 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l blkio-weight-device -d 'Weight of access to one disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l device-read-bps -d 'Most bytes a second that are read from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l device-write-bps -d 'Most bytes a second that are written to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l device-read-iops -d 'Most reads a second from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l device-write-iops -d 'Most writes a second to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l destroy -d 'Remove the container that was copied'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -s f -l force -d 'With --destroy: also when it is running'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l run -d 'Start the new container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -l oom-kill-disable -d 'Let processes wait instead of killing one when memory is short (control groups of version 1 only)'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from clone" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exists" -l external -d 'Look at containers of other tools too; there are none'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from inspect" -s s -l size -d 'Add how much the container has written'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from inspect" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show containers that fit, e.g. status=exited; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s n -l last -d 'Show the N most recently created containers, running or not' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -l sort -d 'Order: command, created, id, image, names, runningfor, size or status [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s w -l watch -d 'Print again and again, every so many seconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s a -l all -d 'Show all containers, not only running ones'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -l no-trunc -d 'Show whole IDs and commands'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -l ns -d 'Show the containers\' namespaces'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s p -l pod -d 'Show the pods of the containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s s -l size -d 'Show how much the containers have written'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -l external -d 'Show containers of other tools too; there are none'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -l sync -d 'Look at the processes first; always done'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show containers that fit, e.g. status=exited; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s n -l last -d 'Show the N most recently created containers, running or not' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -l sort -d 'Order: command, created, id, image, names, runningfor, size or status [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s w -l watch -d 'Print again and again, every so many seconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s a -l all -d 'Show all containers, not only running ones'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Show whole IDs and commands'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -l ns -d 'Show the containers\' namespaces'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s p -l pod -d 'Show the pods of the containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s s -l size -d 'Show how much the containers have written'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -l external -d 'Show containers of other tools too; there are none'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -l sync -d 'Look at the processes first; always done'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s f -l filter -d 'Show containers that fit, e.g. status=exited; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s n -l last -d 'Show the N most recently created containers, running or not' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -l sort -d 'Order: command, created, id, image, names, runningfor, size or status [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s w -l watch -d 'Print again and again, every so many seconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s a -l all -d 'Show all containers, not only running ones'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -l no-trunc -d 'Show whole IDs and commands'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -l ns -d 'Show the containers\' namespaces'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s p -l pod -d 'Show the pods of the containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s s -l size -d 'Show how much the containers have written'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -l external -d 'Show containers of other tools too; there are none'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -l sync -d 'Look at the processes first; always done'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from ps" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from prune" -l filter -d 'Remove only containers that fit: label=KEY[=VALUE], label!=KEY, until=TIME; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l detach-keys -d 'Keys that detach the terminal from the container; "" is none [default: ctrl-p,ctrl-q]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l name -d 'Name of the container; a random one is chosen when absent' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l pod -d 'Put the container into a pod, or into a new one: new:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l pod-id-file -d 'Put the container into the pod whose ID is in this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cidfile -d 'Write the container\'s ID to this file, which goes with the container' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l pidfile -d 'Write the process ID of the container\'s first process to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l conmon-pidfile -d 'Write the process ID of the container\'s keeper to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s l -l label -d 'Label the container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l label-file -d 'Read labels from this file, one a line' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l annotation -d 'Annotate the container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l stop-signal -d 'Signal that asks the container to stop [default: the image\'s, or SIGTERM]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l stop-timeout -d 'Seconds a container has to stop before it is killed [default: 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l restart -d 'When to start the container again after it has ended: no, on-failure, on-failure:N, always or unless-stopped [default: no]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l requires -d 'Containers that are started before this one; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l systemd -d 'Prepare the container for systemd as its process: true (when its command is systemd or an init), always or false [default: true]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l timeout -d 'Kill the container after so many seconds; 0 is never' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l sdnotify -d 'When a service manager ($NOTIFY_SOCKET) is told that the container runs: conmon (at its start), healthy or ignore [default: ignore]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l log-driver -d 'What keeps the container\'s output: k8s-file, json-file, journald, none or passthrough [default: k8s-file]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l log-opt -d 'Option of the log driver, e.g. max-size=10m, max-file=3 or tag=NAME; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l pull -d 'When to ask the registry: always, missing, never or newer [default: missing]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l platform -d 'Platform of the image, e.g. linux/arm64/v8 [default: this machine\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l os -d 'Operating system of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l arch -d 'Processor architecture of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l variant -d 'Variant of the architecture' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l authfile -d 'File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l creds -d 'Credentials for the registry' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l tls-verify -d 'Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l image-volume -d 'What becomes of the image\'s volumes: bind (also called anonymous), tmpfs or ignore [default: bind]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s a -l attach -d 'Attach stdin, stdout or stderr only; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l entrypoint -d 'Run this instead of the image\'s entry point; a JSON array gives several words, "" none' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s u -l user -d 'User, and group, the process runs as' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s w -l workdir -d 'Working directory in the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l group-add -d 'Additional group, or keep-groups for the caller\'s own; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l ulimit -d 'Limit a resource of the process, e.g. nofile=1024:4096, or copy all limits with host; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l umask -d 'File mode mask, octal [default: 0022]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l tz -d 'Time zone, e.g. Europe/Riga, or local' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l oom-score-adj -d 'Adjustment of the score by which the kernel chooses whom to kill, -1000 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l preserve-fds -d 'Pass so many descriptors on, from 3' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l preserve-fd -d 'Pass this descriptor on; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l passwd-entry -d 'Line to write to /etc/passwd for the user' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l group-entry -d 'Line to write to /etc/group for the group' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l hostuser -d 'User of the host to add to /etc/passwd; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l personality -d 'Execution domain, e.g. LINUX32' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s e -l env -d 'Set a variable, or copy the caller\'s (NAME, or PREFIX* for all that begin so); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l env-file -d 'Read variables from this file, one a line; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l env-merge -d 'Set a variable from the image\'s environment, e.g. PATH=${PATH}:/opt/bin; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l unsetenv -d 'Remove a variable of the image; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s v -l volume -d 'Mount a directory (SOURCE is a path: /... or ./...) or a volume (SOURCE is its name), OPTIONS as ro, O (changes are thrown away), map=user (files belong to the container\'s user inside and to you outside); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l mount -d 'Mount something: type=bind|volume|tmpfs|devpts|image,src=SOURCE,dst=DIR[,OPTION...]; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l tmpfs -d 'Mount an empty file system in memory; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l volumes-from -d 'Mount all volumes of another container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l shm-size -d 'Size of /dev/shm, e.g. 64m [default: 64m]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l storage-opt -d 'Option of the storage driver: size=SIZE limits what the container may write, e.g. size=10g; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l device -d 'Give the container a device; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l secret -d 'Give the container a secret as a file in /run/secrets (target=, uid=, gid=, mode=), or as a variable (type=env); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l network -d 'Network of the container: private, fast, host, none, container:NAME, slirp4netns or pasta (with :OPTIONS), or a network by its name [default: private]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s p -l publish -d 'Publish a port or a range of ports of the container on the host; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l expose -d 'Note that the container listens on a port or a range of ports; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l ip -d 'IPv4 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l ip6 -d 'IPv6 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l mac-address -d 'Hardware address of the container\'s interface' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l network-alias -d 'Further name of the container in its network; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s h -l hostname -d 'Host name in the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l add-host -d 'Add a line to /etc/hosts; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l dns -d 'Name server, or none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l dns-search -d 'Domain to search names in, or . for none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l dns-option -d 'Option of the resolver; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l egress -d 'Let nothing out (deny), or nothing but these destinations: NAME, *.NAME, ADDRESS or NETWORK, each with :PORT and /tcp or /udp if wanted; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l egress-log -d 'Write one line of JSON per outgoing connection to a file, or to standard error (-)' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l userns -d 'User namespace: host (the caller is root), keep-id[:uid=N,gid=N], nomap, auto[:size=N], container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l uidmap -d 'Map user ids: CONTAINER:HOST:COUNT, with podman\'s + and @; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l gidmap -d 'Map group ids likewise; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l subuidname -d 'Take ids from this name\'s range in /etc/subuid' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l subgidname -d 'Take ids from this name\'s range in /etc/subgid' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l pid -d 'PID namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l ipc -d 'IPC namespace: private, shareable, none, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l uts -d 'UTS namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cgroupns -d 'Cgroup namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-cmd -d 'Command that tells whether the container is healthy: a shell\'s, a JSON array of words, or none [default: the image\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-interval -d 'Time between two checks, or disable to run none by the clock [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-retries -d 'Failures in a row that make the container unhealthy [default: 3]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-start-period -d 'Time after the start in which failures do not count [default: 0s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-start-interval -d 'Time between two checks within the start period, as in docker' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-timeout -d 'Time after which a check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-on-failure -d 'What is done with an unhealthy container: none, kill, restart or stop [default: none]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-startup-cmd -d 'Command that has to succeed before the regular check begins' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-startup-interval -d 'Time between two startup checks, or disable [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-startup-retries -d 'Failures of the startup check after which the container is started again; 0 is never [default: 0]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-startup-success -d 'Successes of the startup check after which the regular one begins [default: 1]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-startup-timeout -d 'Time after which a startup check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-log-destination -d 'Where results are kept: local, events_logger, or a directory that gets a copy [default: local]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-max-log-count -d 'Results that are kept; 0 is all [default: 5]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l health-max-log-size -d 'Bytes of output that are kept of each check; 0 is all [default: 500]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cap-add -d 'Add a capability, or ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cap-drop -d 'Drop a capability, or ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l security-opt -d 'Security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATHS, unmask=PATHS|ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l sysctl -d 'Kernel parameter of the container\'s namespaces; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l device-cgroup-rule -d 'Rule about devices; needs a control group of root\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s m -l memory -d 'Most memory, e.g. 512m' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l memory-reservation -d 'Memory that is kept for the container when the host runs short' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l memory-swap -d 'Most memory and swap together; -1 is no limit [default: twice --memory]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l memory-swappiness -d 'Readiness to swap, 0 to 100; -1 is the host\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cpus -d 'Number of processors, e.g. 1.5' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s c -l cpu-shares -d 'Weight of processor time against others, 2 to 262144' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cpu-period -d 'Length of a period of processor time in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cpu-quota -d 'Processor time in each period in microseconds; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cpu-rt-period -d 'Length of a period of realtime processes in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cpu-rt-runtime -d 'Time of realtime processes in each period in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cpuset-cpus -d 'Processors that may be used, e.g. 0-2,7' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cpuset-mems -d 'Memory nodes that may be used, e.g. 0' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l pids-limit -d 'Most processes and threads; 0 and -1 are no limit [default: 2048]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l blkio-weight -d 'Weight of disk access against others, 10 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l blkio-weight-device -d 'Weight of access to one disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l device-read-bps -d 'Most bytes a second that are read from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l device-write-bps -d 'Most bytes a second that are written to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l device-read-iops -d 'Most reads a second from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l device-write-iops -d 'Most writes a second to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cgroup-conf -d 'File of a control group of version 2 and what is written to it, e.g. memory.high=1g; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cgroup-parent -d 'Control group that the container\'s own is made in' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l cgroups -d 'Whether the container gets a control group: enabled, disabled, no-conmon or split' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l rdt-class -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l kernel-memory -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l seccomp-policy -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l init-ctr -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l link -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l chrootdirs -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l init-path -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l decryption-key -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l gpus -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l runtime -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l volume-driver -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l isolation -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s d -l detach -d 'Leave the container running in the background and print its ID'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l sig-proxy -d 'Pass signals coracle receives on to the process [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l rmi -d 'Remove the image when the container has exited, unless another container uses it; implies --rm'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l replace -d 'Remove a container that has the same name first'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l rm -d 'Remove the container when it exits'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Print no progress of pulling'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l rootfs -d 'The first argument is not an image but a directory that holds a root file system; with :O it is left unchanged'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s t -l tty -d 'Give the container a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l init -d 'Run a small init that forwards signals and reaps processes'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l passwd -d 'Add the user to the container\'s /etc/passwd and /etc/group [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l env-host -d 'Copy the caller\'s whole environment'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l unsetenv-all -d 'Remove all variables of the image'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l http-proxy -d 'Pass the caller\'s proxy variables on [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l read-only -d 'Make the root file system read-only'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l read-only-tmpfs -d 'With --read-only, keep /run, /tmp and /var/tmp writable in memory [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -s P -l publish-all -d 'Publish all ports that the image or --expose names, on random ports of the host'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l no-hosts -d 'Leave the image\'s /etc/hosts as it is'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l no-hostname -d 'Leave the image\'s /etc/hostname as it is'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l no-healthcheck -d 'Run no health check, not even the image\'s'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l privileged -d 'Give the container all privileges its user has'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l oom-kill-disable -d 'Let processes wait instead of killing one when memory is short (control groups of version 1 only)'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l disable-content-trust
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from run" -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l name -d 'Name of the container; a random one is chosen when absent' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l pod -d 'Put the container into a pod, or into a new one: new:NAME' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l pod-id-file -d 'Put the container into the pod whose ID is in this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cidfile -d 'Write the container\'s ID to this file, which goes with the container' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l pidfile -d 'Write the process ID of the container\'s first process to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l conmon-pidfile -d 'Write the process ID of the container\'s keeper to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s l -l label -d 'Label the container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l label-file -d 'Read labels from this file, one a line' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l annotation -d 'Annotate the container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l stop-signal -d 'Signal that asks the container to stop [default: the image\'s, or SIGTERM]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l stop-timeout -d 'Seconds a container has to stop before it is killed [default: 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l restart -d 'When to start the container again after it has ended: no, on-failure, on-failure:N, always or unless-stopped [default: no]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l requires -d 'Containers that are started before this one; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l systemd -d 'Prepare the container for systemd as its process: true (when its command is systemd or an init), always or false [default: true]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l timeout -d 'Kill the container after so many seconds; 0 is never' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l sdnotify -d 'When a service manager ($NOTIFY_SOCKET) is told that the container runs: conmon (at its start), healthy or ignore [default: ignore]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l log-driver -d 'What keeps the container\'s output: k8s-file, json-file, journald, none or passthrough [default: k8s-file]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l log-opt -d 'Option of the log driver, e.g. max-size=10m, max-file=3 or tag=NAME; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l pull -d 'When to ask the registry: always, missing, never or newer [default: missing]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l platform -d 'Platform of the image, e.g. linux/arm64/v8 [default: this machine\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l os -d 'Operating system of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l arch -d 'Processor architecture of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l variant -d 'Variant of the architecture' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l authfile -d 'File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l creds -d 'Credentials for the registry' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l tls-verify -d 'Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l image-volume -d 'What becomes of the image\'s volumes: bind (also called anonymous), tmpfs or ignore [default: bind]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s a -l attach -d 'Attach stdin, stdout or stderr only; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l entrypoint -d 'Run this instead of the image\'s entry point; a JSON array gives several words, "" none' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s u -l user -d 'User, and group, the process runs as' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s w -l workdir -d 'Working directory in the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l group-add -d 'Additional group, or keep-groups for the caller\'s own; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l ulimit -d 'Limit a resource of the process, e.g. nofile=1024:4096, or copy all limits with host; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l umask -d 'File mode mask, octal [default: 0022]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l tz -d 'Time zone, e.g. Europe/Riga, or local' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l oom-score-adj -d 'Adjustment of the score by which the kernel chooses whom to kill, -1000 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l preserve-fds -d 'Pass so many descriptors on, from 3' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l preserve-fd -d 'Pass this descriptor on; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l passwd-entry -d 'Line to write to /etc/passwd for the user' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l group-entry -d 'Line to write to /etc/group for the group' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l hostuser -d 'User of the host to add to /etc/passwd; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l personality -d 'Execution domain, e.g. LINUX32' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s e -l env -d 'Set a variable, or copy the caller\'s (NAME, or PREFIX* for all that begin so); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l env-file -d 'Read variables from this file, one a line; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l env-merge -d 'Set a variable from the image\'s environment, e.g. PATH=${PATH}:/opt/bin; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l unsetenv -d 'Remove a variable of the image; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s v -l volume -d 'Mount a directory (SOURCE is a path: /... or ./...) or a volume (SOURCE is its name), OPTIONS as ro, O (changes are thrown away), map=user (files belong to the container\'s user inside and to you outside); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l mount -d 'Mount something: type=bind|volume|tmpfs|devpts|image,src=SOURCE,dst=DIR[,OPTION...]; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l tmpfs -d 'Mount an empty file system in memory; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l volumes-from -d 'Mount all volumes of another container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l shm-size -d 'Size of /dev/shm, e.g. 64m [default: 64m]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l storage-opt -d 'Option of the storage driver: size=SIZE limits what the container may write, e.g. size=10g; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l device -d 'Give the container a device; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l secret -d 'Give the container a secret as a file in /run/secrets (target=, uid=, gid=, mode=), or as a variable (type=env); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l network -d 'Network of the container: private, fast, host, none, container:NAME, slirp4netns or pasta (with :OPTIONS), or a network by its name [default: private]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s p -l publish -d 'Publish a port or a range of ports of the container on the host; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l expose -d 'Note that the container listens on a port or a range of ports; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l ip -d 'IPv4 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l ip6 -d 'IPv6 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l mac-address -d 'Hardware address of the container\'s interface' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l network-alias -d 'Further name of the container in its network; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s h -l hostname -d 'Host name in the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l add-host -d 'Add a line to /etc/hosts; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l dns -d 'Name server, or none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l dns-search -d 'Domain to search names in, or . for none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l dns-option -d 'Option of the resolver; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l egress -d 'Let nothing out (deny), or nothing but these destinations: NAME, *.NAME, ADDRESS or NETWORK, each with :PORT and /tcp or /udp if wanted; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l egress-log -d 'Write one line of JSON per outgoing connection to a file, or to standard error (-)' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l userns -d 'User namespace: host (the caller is root), keep-id[:uid=N,gid=N], nomap, auto[:size=N], container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l uidmap -d 'Map user ids: CONTAINER:HOST:COUNT, with podman\'s + and @; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l gidmap -d 'Map group ids likewise; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l subuidname -d 'Take ids from this name\'s range in /etc/subuid' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l subgidname -d 'Take ids from this name\'s range in /etc/subgid' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l pid -d 'PID namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l ipc -d 'IPC namespace: private, shareable, none, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l uts -d 'UTS namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cgroupns -d 'Cgroup namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-cmd -d 'Command that tells whether the container is healthy: a shell\'s, a JSON array of words, or none [default: the image\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-interval -d 'Time between two checks, or disable to run none by the clock [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-retries -d 'Failures in a row that make the container unhealthy [default: 3]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-start-period -d 'Time after the start in which failures do not count [default: 0s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-start-interval -d 'Time between two checks within the start period, as in docker' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-timeout -d 'Time after which a check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-on-failure -d 'What is done with an unhealthy container: none, kill, restart or stop [default: none]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-startup-cmd -d 'Command that has to succeed before the regular check begins' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-startup-interval -d 'Time between two startup checks, or disable [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-startup-retries -d 'Failures of the startup check after which the container is started again; 0 is never [default: 0]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-startup-success -d 'Successes of the startup check after which the regular one begins [default: 1]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-startup-timeout -d 'Time after which a startup check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-log-destination -d 'Where results are kept: local, events_logger, or a directory that gets a copy [default: local]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-max-log-count -d 'Results that are kept; 0 is all [default: 5]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l health-max-log-size -d 'Bytes of output that are kept of each check; 0 is all [default: 500]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cap-add -d 'Add a capability, or ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cap-drop -d 'Drop a capability, or ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l security-opt -d 'Security option: seccomp=FILE|unconfined, no-new-privileges, mask=PATHS, unmask=PATHS|ALL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l sysctl -d 'Kernel parameter of the container\'s namespaces; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l device-cgroup-rule -d 'Rule about devices; needs a control group of root\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s m -l memory -d 'Most memory, e.g. 512m' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l memory-reservation -d 'Memory that is kept for the container when the host runs short' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l memory-swap -d 'Most memory and swap together; -1 is no limit [default: twice --memory]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l memory-swappiness -d 'Readiness to swap, 0 to 100; -1 is the host\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cpus -d 'Number of processors, e.g. 1.5' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s c -l cpu-shares -d 'Weight of processor time against others, 2 to 262144' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cpu-period -d 'Length of a period of processor time in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cpu-quota -d 'Processor time in each period in microseconds; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cpu-rt-period -d 'Length of a period of realtime processes in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cpu-rt-runtime -d 'Time of realtime processes in each period in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cpuset-cpus -d 'Processors that may be used, e.g. 0-2,7' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cpuset-mems -d 'Memory nodes that may be used, e.g. 0' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l pids-limit -d 'Most processes and threads; 0 and -1 are no limit [default: 2048]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l blkio-weight -d 'Weight of disk access against others, 10 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l blkio-weight-device -d 'Weight of access to one disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l device-read-bps -d 'Most bytes a second that are read from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l device-write-bps -d 'Most bytes a second that are written to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l device-read-iops -d 'Most reads a second from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l device-write-iops -d 'Most writes a second to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cgroup-conf -d 'File of a control group of version 2 and what is written to it, e.g. memory.high=1g; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cgroup-parent -d 'Control group that the container\'s own is made in' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l cgroups -d 'Whether the container gets a control group: enabled, disabled, no-conmon or split' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l rdt-class -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l kernel-memory -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l seccomp-policy -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l init-ctr -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l link -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l chrootdirs -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l init-path -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l decryption-key -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l gpus -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l runtime -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l volume-driver -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l isolation -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l replace -d 'Remove a container that has the same name first'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l rm -d 'Remove the container when it exits'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print no progress of pulling'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l rootfs -d 'The first argument is not an image but a directory that holds a root file system; with :O it is left unchanged'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s t -l tty -d 'Give the container a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l init -d 'Run a small init that forwards signals and reaps processes'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l passwd -d 'Add the user to the container\'s /etc/passwd and /etc/group [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l env-host -d 'Copy the caller\'s whole environment'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l unsetenv-all -d 'Remove all variables of the image'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l http-proxy -d 'Pass the caller\'s proxy variables on [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l read-only -d 'Make the root file system read-only'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l read-only-tmpfs -d 'With --read-only, keep /run, /tmp and /var/tmp writable in memory [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -s P -l publish-all -d 'Publish all ports that the image or --expose names, on random ports of the host'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l no-hosts -d 'Leave the image\'s /etc/hosts as it is'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l no-hostname -d 'Leave the image\'s /etc/hostname as it is'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l no-healthcheck -d 'Run no health check, not even the image\'s'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l privileged -d 'Give the container all privileges its user has'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l oom-kill-disable -d 'Let processes wait instead of killing one when memory is short (control groups of version 1 only)'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l disable-content-trust
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from create" -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from init" -s a -l all -d 'Prepare all containers that are not prepared or running'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from init" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -l detach-keys -d 'Keys that detach the terminal from the container; "" is none [default: ctrl-p,ctrl-q]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -l sig-proxy -d 'Pass signals coracle receives on to the process [default: true when attached]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -s f -l filter -d 'Start containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -s a -l attach -d 'Attach the container\'s standard output and standard error'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -l all -d 'Start all containers that are not running'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from attach" -l detach-keys -d 'Keys that detach from the container; "" is none [default: the container\'s own, usually ctrl-p,ctrl-q]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from attach" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from attach" -l no-stdin -d 'Do not pass standard input on'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from attach" -l sig-proxy -d 'Pass signals coracle receives on to the process [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l detach-keys -d 'Keys that detach the terminal from the process; "" is none [default: ctrl-p,ctrl-q]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s e -l env -d 'Set a variable, or copy the caller\'s (NAME, or PREFIX* for all that begin so); may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l env-file -d 'Read variables from this file, one a line; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l preserve-fds -d 'Pass so many descriptors on, from 3' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l preserve-fd -d 'Pass this descriptor on; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s u -l user -d 'User, and group, the process runs as [default: the container\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l wait -d 'Wait so many seconds for the container to run' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s w -l workdir -d 'Working directory in the container [default: the container\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s d -l detach -d 'Leave the process running in the background and print the session\'s ID'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s i -l interactive -d 'Keep standard input open'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -l privileged -d 'Give the process all capabilities and no system call filter'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s t -l tty -d 'Give the process a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from exec" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cp" -s a -l archive -d 'Give what is copied into a container to the container\'s user; with --archive=false it keeps its owners [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cp" -l overwrite -d 'Let a file replace a directory and a directory a file'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cp" -s L -l follow-link -d 'Follow links in the source; always done'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cp" -l pause -d 'Pause the container meanwhile; never done'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cp" -l extract -d 'Unpack a tar; what - as source does'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cp" -s q -l quiet -d 'Print nothing; nothing is printed'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from cp" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -s a -l author -d 'Who made the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -s c -l change -d 'Apply an instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME or WORKDIR; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -l config -d 'Run configuration; not supported' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -s f -l format -d 'Format of the image: oci or docker [default: oci]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -l iidfile -d 'Write the image\'s ID to a file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -s m -l message -d 'A remark; docker format only' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -l include-volumes -d 'Note the container\'s volumes in the image'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -s p -l pause -d 'Pause a running container while its changes are read'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -s q -l quiet -d 'Print nothing but the ID; nothing else is printed'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -s s -l squash -d 'Make one layer of everything'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from commit" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from export" -s o -l output -d 'Write to a file [default: standard output]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -l since -d 'Print lines after this time: a date, a Unix time, or a time ago such as 10m' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -l until -d 'Print lines before this time; a duration such as 10m is from now on, and ends --follow' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -l tail -d 'Print so many lines at the end; -1 is all' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -s f -l follow -d 'Print new lines as they come, until the container exits'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -s t -l timestamps -d 'Print the time of each line'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -s n -l names -d 'Print the container\'s name before each line'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -l color -d 'Print each container\'s lines in a colour of their own'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from mount" -l format -d 'How to list what is mounted: json' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from mount" -s a -l all -d 'Mount all containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from mount" -l no-trunc -d 'Show IDs in full'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from mount" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from mount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from unmount" -s a -l all -d 'Unmount all containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from unmount" -s f -l force -d 'Also when files are in use'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from unmount" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from unmount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from umount" -s a -l all -d 'Unmount all containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from umount" -s f -l force -d 'Also when files are in use'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from umount" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from umount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from port" -s a -l all -d 'Show the ports of all running containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from port" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from port" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from wait" -l condition -d 'State to wait for: configured, created, exited, healthy, initialized, paused, removing, running, stopped or stopping; may be repeated [default: exited]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from wait" -s i -l interval -d 'Time between two looks; coracle is told and does not look' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from wait" -l ignore -d 'Print -1 for containers that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from wait" -l return-first -d 'Return when the first of several containers is there, and print its exit code only'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from wait" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from wait" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stats" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stats" -s i -l interval -d 'Seconds between two looks' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stats" -s a -l all -d 'Show all containers, not only running ones'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stats" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stats" -l no-reset -d 'Print each look below the one before instead of clearing the screen'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stats" -l no-stream -d 'Look once'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stats" -l no-trunc -d 'Print whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -s t -l time -d 'Seconds to wait before a container is killed [default: the container\'s own, usually 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -s f -l filter -d 'Stop containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -s a -l all -d 'Stop all running containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -s i -l ignore -d 'Do not complain about containers that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -s t -l time -d 'Seconds to wait before a container is killed [default: the container\'s own, usually 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -s f -l filter -d 'Restart containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -s a -l all -d 'Restart all containers, running or not'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -l running -d 'Restart running containers only'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from pause" -s f -l filter -d 'Act on containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from pause" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from pause" -s a -l all -d 'Act on all containers it can be done to'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from pause" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from unpause" -s f -l filter -d 'Act on containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from unpause" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from unpause" -s a -l all -d 'Act on all containers it can be done to'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from unpause" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from unpause" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from kill" -s s -l signal -d 'Signal to send, by name or number' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from kill" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from kill" -s a -l all -d 'Signal all running containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from kill" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from kill" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from top" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from top" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l restart -d 'When to start the container again after it has ended: no, on-failure, on-failure:N, always or unless-stopped' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -s e -l env -d 'Set a variable, or copy the caller\'s; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l unsetenv -d 'Remove a variable; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -s m -l memory -d 'Most memory, e.g. 512m' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l memory-reservation -d 'Memory that is kept for the container when the host runs short' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l memory-swap -d 'Most memory and swap together; -1 is no limit [default: twice --memory]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l memory-swappiness -d 'Readiness to swap, 0 to 100; -1 is the host\'s' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l cpus -d 'Number of processors, e.g. 1.5' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -s c -l cpu-shares -d 'Weight of processor time against others, 2 to 262144' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l cpu-period -d 'Length of a period of processor time in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l cpu-quota -d 'Processor time in each period in microseconds; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l cpu-rt-period -d 'Length of a period of realtime processes in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l cpu-rt-runtime -d 'Time of realtime processes in each period in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l cpuset-cpus -d 'Processors that may be used, e.g. 0-2,7' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l cpuset-mems -d 'Memory nodes that may be used, e.g. 0' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l pids-limit -d 'Most processes and threads; 0 and -1 are no limit [default: 2048]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l blkio-weight -d 'Weight of disk access against others, 10 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l blkio-weight-device -d 'Weight of access to one disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l device-read-bps -d 'Most bytes a second that are read from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l device-write-bps -d 'Most bytes a second that are written to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l device-read-iops -d 'Most reads a second from a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l device-write-iops -d 'Most writes a second to a disk; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-cmd -d 'Command that tells whether the container is healthy: a shell\'s, a JSON array of words, or none [default: the image\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-interval -d 'Time between two checks, or disable to run none by the clock [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-retries -d 'Failures in a row that make the container unhealthy [default: 3]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-start-period -d 'Time after the start in which failures do not count [default: 0s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-start-interval -d 'Time between two checks within the start period, as in docker' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-timeout -d 'Time after which a check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-on-failure -d 'What is done with an unhealthy container: none, kill, restart or stop [default: none]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-startup-cmd -d 'Command that has to succeed before the regular check begins' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-startup-interval -d 'Time between two startup checks, or disable [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-startup-retries -d 'Failures of the startup check after which the container is started again; 0 is never [default: 0]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-startup-success -d 'Successes of the startup check after which the regular one begins [default: 1]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-startup-timeout -d 'Time after which a startup check is ended and has failed [default: 30s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-log-destination -d 'Where results are kept: local, events_logger, or a directory that gets a copy [default: local]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-max-log-count -d 'Results that are kept; 0 is all [default: 5]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l health-max-log-size -d 'Bytes of output that are kept of each check; 0 is all [default: 500]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l oom-kill-disable -d 'Let processes wait instead of killing one when memory is short (control groups of version 1 only)'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -l no-healthcheck -d 'Run no health check, not even the image\'s'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s t -l time -d 'Seconds to wait for a running container to stop before it is killed; implies --force [default: the container\'s own]' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -l filter -d 'Remove containers that fit, e.g. label=tier=db; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -l cidfile -d 'Read the container\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s a -l all -d 'Remove all containers'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s f -l force -d 'Remove running containers too: they are stopped first'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s i -l ignore -d 'Do not complain about containers that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s v -l volumes -d 'Remove the containers\' anonymous volumes'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -l depend -d 'Remove containers that use its namespaces as well, before it'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from diff" -l format -d 'Print as JSON (json)' -r
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from diff" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand container; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "diff" -d 'Show what an image has changed'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "exists" -d 'Check whether an image is in the store'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "history" -d 'Show how an image was made'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "import" -d 'Make an image of a tar'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "inspect" -d 'Display the configuration of an image'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "list" -d 'List images in the store'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "ls" -d 'List images in the store'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "load" -d 'Load images from an archive'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "mount" -d 'Mount the files of one or more images, read-only'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "unmount" -d 'Unmount the files of one or more images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "umount" -d 'Unmount the files of one or more images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "prune" -d 'Remove unused images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "pull" -d 'Pull images from a registry'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "push" -d 'Push an image to a registry'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "rm" -d 'Remove one or more images from the store'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "remove" -d 'Remove one or more images from the store'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "save" -d 'Write images as an archive'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "tag" -d 'Add a name to an image'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "tree" -d 'Show the layers of an image'
complete -c coracle -n "__fish_coracle_using_subcommand image; and not __fish_seen_subcommand_from diff exists history import inspect list ls load mount unmount umount prune pull push rm remove save tag tree untag" -f -a "untag" -d 'Remove a name from an image'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from diff" -l format -d 'Print as JSON (json)' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -s H -l human -d 'Print sizes and times in words [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -l no-trunc -d 'Show whole commands'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -s c -l change -d 'Apply an instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME or WORKDIR; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -s m -l message -d 'A remark' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -l os -d 'Operating system of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -l arch -d 'Processor architecture of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -l variant -d 'Variant of the architecture' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -l platform -d 'Platform of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Print nothing but the ID; nothing else is printed'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show images that fit, e.g. dangling=true; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -l sort -d 'Order: created, id, repository, size or tag [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -s a -l all -d 'Show intermediate images too'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -l digests -d 'Show digests'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -l history -d 'Show the names an image has had'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -l no-trunc -d 'Show whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show images that fit, e.g. dangling=true; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -l sort -d 'Order: created, id, repository, size or tag [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -s a -l all -d 'Show intermediate images too'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -l digests -d 'Show digests'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -l history -d 'Show the names an image has had'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Show whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from load" -s i -l input -d 'Read a file or directory [default: standard input]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from load" -s q -l quiet -d 'Print no progress; none is printed'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from load" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from mount" -l format -d 'How to list what is mounted: json' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from mount" -s a -l all -d 'Mount all images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from mount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from unmount" -s a -l all -d 'Unmount all images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from unmount" -s f -l force -d 'Also when files are in use'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from unmount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from umount" -s a -l all -d 'Unmount all images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from umount" -s f -l force -d 'Also when files are in use'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from umount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -l filter -d 'Remove only images that fit: label=KEY[=VALUE], until=TIME; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all images no container uses, not only those without a name'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -l external -d 'Remove images used by other tools too; there are none'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -l build-cache -d 'Remove the build cache too; there is none'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l policy -d 'When to ask the registry: always, missing, never or newer [default: always]' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l platform -d 'Platform of the image, e.g. linux/arm64/v8 [default: this machine\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l os -d 'Operating system of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l arch -d 'Processor architecture of the image' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l variant -d 'Variant of the architecture' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l authfile -d 'File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l creds -d 'Credentials for the registry' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l tls-verify -d 'Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l decryption-key -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l signature-policy -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -s a -l all-tags -d 'Pull every tag of the repository'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -s q -l quiet -d 'Print no progress of pulling'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -l disable-content-trust
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from pull" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l authfile -d 'File with registry credentials [default: $REGISTRY_AUTH_FILE, auth.json or ~/.docker/config.json]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l compression-format -d 'How new layers are compressed: gzip or zstd [default: gzip]' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l compression-level -d 'Level of that' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l creds -d 'Credentials for the registry' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l digestfile -d 'Write the digest of the pushed manifest to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -s f -l format -d 'Form of the manifest: oci or v2s2 (also called docker) [default: the image\'s own]' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l tls-verify -d 'Require HTTPS and a valid certificate [default: true, unless registries.conf says otherwise]' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l retry -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l retry-delay -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l cert-dir -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l sign-by -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l sign-by-sigstore -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l sign-by-sigstore-private-key -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l sign-passphrase-file -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l encryption-key -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l encrypt-layer -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l signature-policy -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l force-compression -d 'Compress so even what the registry has in another form'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -s q -l quiet -d 'Print no progress'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l disable-content-trust
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -l remove-signatures
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from push" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from rm" -s a -l all -d 'Remove all images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from rm" -s f -l force -d 'Remove images containers were made of, and those containers'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from rm" -s i -l ignore -d 'Do not complain about images that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from rm" -l no-prune -d 'Leave parents without a name in the store'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from remove" -s a -l all -d 'Remove all images'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from remove" -s f -l force -d 'Remove images containers were made of, and those containers'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from remove" -s i -l ignore -d 'Do not complain about images that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from remove" -l no-prune -d 'Leave parents without a name in the store'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -l format -d 'Format: docker-archive, oci-archive, docker-dir or oci-dir [default: docker-archive]' -r
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -s o -l output -d 'Write to a file or directory [default: standard output]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -s m -l multi-image-archive -d 'Further names are images and not names of the first one; always so when called as docker'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -s q -l quiet -d 'Print nothing; nothing is printed'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -l compress -d 'Compress the layers with gzip; with docker-dir only'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -l uncompressed -d 'Keep layers as they are; always done'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from save" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from tag" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from tree" -l whatrequires -d 'Show the images that are made on top of it instead of its own layers'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from tree" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand image; and __fish_seen_subcommand_from untag" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "create" -d 'Create a volume'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "exists" -d 'Check whether a volume exists'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "export" -d 'Write what is in a volume as a tar'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "import" -d 'Unpack a tar in a volume'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "inspect" -d 'Display the configuration of volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "ls" -d 'List volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "list" -d 'List volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "mount" -d 'Print where volumes are'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "prune" -d 'Remove volumes no container uses'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "reload" -d 'Look for volumes of plugins; there are none'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "rm" -d 'Remove one or more volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "remove" -d 'Remove one or more volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "unmount" -d 'Undo mount; nothing has to be done'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and not __fish_seen_subcommand_from create exists export import inspect ls list mount prune reload rm remove unmount umount" -f -a "umount" -d 'Undo mount; nothing has to be done'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -s d -l driver -d 'Volume driver; local is the only one' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -s l -l label -d 'Label the volume; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -s o -l opt -d 'Option: type=tmpfs, or type=bind with device=DIR, and o=OPTIONS for the mount, uid= and gid= among them; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -l uid -d 'Owner of the volume\'s directory, as containers see it' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -l gid -d 'Group of the volume\'s directory, as containers see it' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -l ignore -d 'Do not complain when the volume exists'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from export" -s o -l output -d 'Write to a file [default: standard output]' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from inspect" -s a -l all -d 'Show all volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show volumes that fit: name, label, driver, dangling, anonymous, until; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from ls" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from ls" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print names only'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show volumes that fit: name, label, driver, dangling, anonymous, until; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from list" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from list" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print names only'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from mount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from prune" -l filter -d 'Remove only volumes that fit: label=KEY[=VALUE], until=TIME, all; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove volumes that have a name too; always done'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from reload" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from rm" -s t -l time -d 'Seconds to wait for containers to stop before they are killed [default: the container\'s own]' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from rm" -s a -l all -d 'Remove all volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from rm" -s f -l force -d 'Remove volumes in use too, with the containers that use them'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from remove" -s t -l time -d 'Seconds to wait for containers to stop before they are killed [default: the container\'s own]' -r
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from remove" -s a -l all -d 'Remove all volumes'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from remove" -s f -l force -d 'Remove volumes in use too, with the containers that use them'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from unmount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand volume; and __fish_seen_subcommand_from umount" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "connect" -d 'Connect a container to a network'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "create" -d 'Create a network'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "disconnect" -d 'Disconnect a container from a network'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "exists" -d 'Check whether a network exists'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "inspect" -d 'Display the configuration of networks'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "ls" -d 'List networks'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "list" -d 'List networks'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "prune" -d 'Remove networks no container uses'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "reload" -d 'Make the networks of running containers anew'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "rm" -d 'Remove one or more networks'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "remove" -d 'Remove one or more networks'
complete -c coracle -n "__fish_coracle_using_subcommand network; and not __fish_seen_subcommand_from connect create disconnect exists inspect ls list prune reload rm remove update" -f -a "update" -d 'Change the resolvers of a network'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from connect" -l alias -d 'Further name of the container on this network; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from connect" -l ip -d 'IPv4 address' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from connect" -l ip6 -d 'IPv6 address' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from connect" -l mac-address -d 'Hardware address' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from connect" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l subnet -d 'Range of addresses, e.g. 10.77.0.0/24; may be repeated [default: a free one]' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l gateway -d 'Gateway of the subnet given in the same place; may be repeated [default: its first address]' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l ip-range -d 'Part of the subnet that containers get addresses from: CIDR or FIRST-LAST; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l dns -d 'Resolver for names the network does not know; may be repeated [default: the host\'s]' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l label -d 'Label the network; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -s o -l opt -d 'Option of the driver: mtu=BYTES, isolate=BOOL, no_default_route=BOOL; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -s d -l driver -d 'Network driver; bridge is the only one' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l ipam-driver -d 'Way addresses are given out; host-local is the only one' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l interface-name -d 'Name of the bridge in the network\'s own namespace' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l route -d 'Static route; user-mode networks have none' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l ipv6 -d 'Add an IPv6 subnet'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l internal -d 'No way out of the network'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l isolate -d 'Keep the network from reaching others, which none here can'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l disable-dns -d 'Containers do not find each other by name'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l ignore -d 'Do not complain when the network exists'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -l attachable -d 'For docker: always so here'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from disconnect" -s f -l force -d 'Do not complain when the container is not there, or not on the network'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from disconnect" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show networks that fit: name, id, driver, label, until, dangling; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from ls" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from ls" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Show whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print names only'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show networks that fit: name, id, driver, label, until, dangling; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from list" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from list" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from list" -l no-trunc -d 'Show whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print names only'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from prune" -l filter -d 'Remove only networks that fit: label=KEY[=VALUE], until=TIME; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from reload" -s a -l all -d 'Reload the networks of all running containers'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from reload" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from rm" -s t -l time -d 'Seconds to wait for containers to stop before they are killed [default: the container\'s own]' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from rm" -s f -l force -d 'Remove networks in use too, with the containers that use them'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from remove" -s t -l time -d 'Seconds to wait for containers to stop before they are killed [default: the container\'s own]' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from remove" -s f -l force -d 'Remove networks in use too, with the containers that use them'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from update" -l dns-add -d 'Add a resolver; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from update" -l dns-drop -d 'Drop a resolver; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand network; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "create" -d 'Create a pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "exists" -d 'Check whether a pod exists'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "inspect" -d 'Display the configuration of pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "kill" -d 'Send a signal to all containers of one or more pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "logs" -d 'Fetch the logs of a pod\'s containers'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "pause" -d 'Pause one or more pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "prune" -d 'Remove all stopped pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "ps" -d 'List pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "ls" -d 'List pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "list" -d 'List pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "restart" -d 'Restart one or more pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "rm" -d 'Remove one or more pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "remove" -d 'Remove one or more pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "start" -d 'Start one or more pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "stats" -d 'Show what the containers of pods use of the machine'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "stop" -d 'Stop one or more pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "top" -d 'Display the running processes of a pod\'s containers'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and not __fish_seen_subcommand_from create exists inspect kill logs pause prune ps ls list restart rm remove start stats stop top unpause" -f -a "unpause" -d 'Unpause one or more pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -s n -l name -d 'Name of the pod; made up when absent' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -s l -l label -d 'Label the pod; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l label-file -d 'Read labels from this file, one a line' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l share -d 'Namespaces that the containers share: ipc, net, uts, pid, cgroup, or none; +pid adds to the default [default: ipc,net,uts]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l exit-policy -d 'What happens when the last container exits: continue, or stop the pod [default: continue]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l restart -d 'When containers of the pod that have no policy of their own are started again after they have ended [default: no]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l infra -d 'Make a container that holds the shared namespaces [default: true]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l infra-name -d 'Name of the container that holds the namespaces' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l infra-conmon-pidfile -d 'Write the process ID of that container\'s keeper to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l network -d 'Network of the container: private, fast, host, none, container:NAME, slirp4netns or pasta (with :OPTIONS), or a network by its name [default: private]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -s p -l publish -d 'Publish a port or a range of ports of the container on the host; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l expose -d 'Note that the container listens on a port or a range of ports; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l ip -d 'IPv4 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l ip6 -d 'IPv6 address of the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l mac-address -d 'Hardware address of the container\'s interface' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l network-alias -d 'Further name of the container in its network; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -s h -l hostname -d 'Host name in the container' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l add-host -d 'Add a line to /etc/hosts; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l dns -d 'Name server, or none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l dns-search -d 'Domain to search names in, or . for none; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l dns-option -d 'Option of the resolver; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l userns -d 'User namespace: host (the caller is root), keep-id[:uid=N,gid=N], nomap, auto[:size=N], container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l uidmap -d 'Map user ids: CONTAINER:HOST:COUNT, with podman\'s + and @; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l gidmap -d 'Map group ids likewise; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l subuidname -d 'Take ids from this name\'s range in /etc/subuid' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l subgidname -d 'Take ids from this name\'s range in /etc/subgid' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l pid -d 'PID namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l ipc -d 'IPC namespace: private, shareable, none, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l uts -d 'UTS namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l cgroupns -d 'Cgroup namespace: private, host, container:NAME or ns:PATH' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -s v -l volume -d 'Mount a directory or a volume into every container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l volumes-from -d 'Mount all volumes of another container into every container; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l shm-size -d 'Size of /dev/shm, e.g. 64m [default: 64m]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l device -d 'Give every container a device; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l security-opt -d 'Security option; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l sysctl -d 'Kernel parameter of the shared namespaces; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l pod-id-file -d 'Write the pod\'s ID to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l blkio-weight -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l blkio-weight-device -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -s c -l cpu-shares -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l cpus -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l cpuset-cpus -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l cpuset-mems -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l device-read-bps -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l device-write-bps -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -s m -l memory -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l memory-swap -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l cgroup-parent -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l infra-image -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l infra-command -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l shm-size-systemd -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l hosts-file -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l gpus -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l replace -d 'Remove a pod that has the same name first'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -s P -l publish-all -d 'Publish all ports that the image or --expose names, on random ports of the host'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l no-hosts -d 'Leave the image\'s /etc/hosts as it is'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l no-hostname -d 'Leave the image\'s /etc/hostname as it is'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l share-parent
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from create" -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from inspect" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from kill" -s s -l signal -d 'Signal, by name or number' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from kill" -s a -l all -d 'Act on all pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from kill" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from kill" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -s c -l container -d 'Show this container only' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -l since -d 'Print lines after this time: a date, a Unix time, or a time ago such as 10m' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -l until -d 'Print lines before this time; a duration such as 10m is from now on, and ends --follow' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -l tail -d 'Print so many lines at the end; -1 is all' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -s f -l follow -d 'Print new lines as they come, until the container exits'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -s t -l timestamps -d 'Print the time of each line'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -s n -l names -d 'Print the container\'s name before each line'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -l color -d 'Print each container\'s lines in a colour of their own'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -s l -l latest -d 'Act on the most recently created container'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from pause" -s a -l all -d 'Act on all pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from pause" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -s f -l filter -d 'Show pods that fit: id, name, label, status, ctr-ids, ctr-names, ctr-number, ctr-status, network, until; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -l sort -d 'Order: created, id, name, number or status [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -l ctr-ids -d 'Show the IDs of the pods\' containers'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -l ctr-names -d 'Show the names of the pods\' containers'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -l ctr-status -d 'Show what the pods\' containers are doing'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -s l -l latest -d 'Show the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -l no-trunc -d 'Show whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -l ns -d 'Show the pods\' namespaces'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ps" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show pods that fit: id, name, label, status, ctr-ids, ctr-names, ctr-number, ctr-status, network, until; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -l sort -d 'Order: created, id, name, number or status [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -l ctr-ids -d 'Show the IDs of the pods\' containers'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -l ctr-names -d 'Show the names of the pods\' containers'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -l ctr-status -d 'Show what the pods\' containers are doing'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -s l -l latest -d 'Show the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -l no-trunc -d 'Show whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -l ns -d 'Show the pods\' namespaces'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show pods that fit: id, name, label, status, ctr-ids, ctr-names, ctr-number, ctr-status, network, until; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -l sort -d 'Order: created, id, name, number or status [default: created]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -l ctr-ids -d 'Show the IDs of the pods\' containers'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -l ctr-names -d 'Show the names of the pods\' containers'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -l ctr-status -d 'Show what the pods\' containers are doing'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -s l -l latest -d 'Show the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -l no-trunc -d 'Show whole IDs'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -l ns -d 'Show the pods\' namespaces'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from restart" -s a -l all -d 'Act on all pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from restart" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from rm" -s t -l time -d 'With --force, seconds to wait before a container is killed [default: the container\'s own, usually 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from rm" -l pod-id-file -d 'Read the pod\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from rm" -s a -l all -d 'Act on all pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from rm" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from rm" -s f -l force -d 'Stop containers that run first'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from rm" -s i -l ignore -d 'Do not complain about pods that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from remove" -s t -l time -d 'With --force, seconds to wait before a container is killed [default: the container\'s own, usually 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from remove" -l pod-id-file -d 'Read the pod\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from remove" -s a -l all -d 'Act on all pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from remove" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from remove" -s f -l force -d 'Stop containers that run first'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from remove" -s i -l ignore -d 'Do not complain about pods that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from start" -l pod-id-file -d 'Read the pod\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from start" -s a -l all -d 'Act on all pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from start" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stats" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stats" -s a -l all -d 'Show all pods that run; so without names'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stats" -s l -l latest -d 'Show the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stats" -l no-reset -d 'Print each look below the one before instead of clearing the screen'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stats" -l no-stream -d 'Look once'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stop" -s t -l time -d 'Seconds to wait before a container is killed [default: the container\'s own, usually 10]' -r
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stop" -l pod-id-file -d 'Read the pod\'s ID from this file; may be repeated' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stop" -s a -l all -d 'Act on all pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stop" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stop" -s i -l ignore -d 'Do not complain about pods that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from top" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from top" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from unpause" -s a -l all -d 'Act on all pods'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from unpause" -s l -l latest -d 'Act on the most recently created pod'
complete -c coracle -n "__fish_coracle_using_subcommand pod; and __fish_seen_subcommand_from unpause" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand healthcheck; and not __fish_seen_subcommand_from run" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand healthcheck; and not __fish_seen_subcommand_from run" -f -a "run" -d 'Run the health check of a container'
complete -c coracle -n "__fish_coracle_using_subcommand healthcheck; and __fish_seen_subcommand_from run" -l ignore-result -d 'Exit with 0 also when the check fails'
complete -c coracle -n "__fish_coracle_using_subcommand healthcheck; and __fish_seen_subcommand_from run" -l scheduled -d 'Called by the container\'s keeper'
complete -c coracle -n "__fish_coracle_using_subcommand healthcheck; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and not __fish_seen_subcommand_from create exists inspect ls list rm remove" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and not __fish_seen_subcommand_from create exists inspect ls list rm remove" -f -a "create" -d 'Create a secret'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and not __fish_seen_subcommand_from create exists inspect ls list rm remove" -f -a "exists" -d 'Check whether a secret exists'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and not __fish_seen_subcommand_from create exists inspect ls list rm remove" -f -a "inspect" -d 'Display what is known about secrets'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and not __fish_seen_subcommand_from create exists inspect ls list rm remove" -f -a "ls" -d 'List secrets'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and not __fish_seen_subcommand_from create exists inspect ls list rm remove" -f -a "list" -d 'List secrets'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and not __fish_seen_subcommand_from create exists inspect ls list rm remove" -f -a "rm" -d 'Remove one or more secrets'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and not __fish_seen_subcommand_from create exists inspect ls list rm remove" -f -a "remove" -d 'Remove one or more secrets'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from create" -s d -l driver -d 'Where secrets are kept; file is the only driver' -r
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from create" -l driver-opts -d 'Options of the driver, kept with the secret; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from create" -s l -l label -d 'Label the secret; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from create" -l env -d 'The second word is the name of a variable that holds the secret'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from create" -l replace -d 'Take the place of a secret of this name'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from create" -l ignore -d 'Do not complain when there is a secret of this name'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from exists" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from inspect" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from inspect" -l pretty -d 'Print in lines for people'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from inspect" -l showsecret -d 'Add the secret\'s contents'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from ls" -s f -l filter -d 'Show secrets that fit: name, id; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from ls" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from ls" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from list" -s f -l filter -d 'Show secrets that fit: name, id; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from list" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from list" -s n -l noheading -d 'Leave the header out'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print IDs only'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from rm" -s a -l all -d 'Remove all secrets'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from rm" -s i -l ignore -d 'Do not complain about secrets that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from remove" -s a -l all -d 'Remove all secrets'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from remove" -s i -l ignore -d 'Do not complain about secrets that do not exist'
complete -c coracle -n "__fish_coracle_using_subcommand secret; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand generate; and not __fish_seen_subcommand_from systemd" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand generate; and not __fish_seen_subcommand_from systemd" -f -a "systemd" -d 'Generate systemd units for a container or a pod'
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l new -d 'Make the container anew at each start, and remove it at each stop' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l start-timeout -d 'Seconds a start may take; 0 is systemd\'s default' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l stop-timeout -d 'Seconds the container has to stop [default: the container\'s own]' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s t -l time -d 'Old name of --stop-timeout' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l restart-policy -d 'When systemd starts it again: no, on-success, on-failure, on-abnormal, on-watchdog, on-abort or always [default: the container\'s policy, else on-failure]' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l restart-sec -d 'Seconds before that' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l container-prefix -d 'What services of containers begin with' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l pod-prefix -d 'What services of pods begin with' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l separator -d 'What stands between that and the name' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l wants -d 'Unit that is started as well; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l after -d 'Unit after which it is started; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l requires -d 'Unit without which it does not run; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s e -l env -d 'Variable of the service\'s commands; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l format -d 'How the services are printed: json' -r
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s n -l name -d 'Call services and containers by names instead of IDs'
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s f -l files -d 'Write files into the working directory and print their paths'
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l template -d 'Make a template for services NAME@INSTANCE; implies --new'
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l no-header -d 'Leave out the lines that say who made the file and when'
complete -c coracle -n "__fish_coracle_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand quadlet" -l dryrun -d 'Print the services instead of writing them'
complete -c coracle -n "__fish_coracle_using_subcommand quadlet" -l user -d 'Make services of the user; there are no others here'
complete -c coracle -n "__fish_coracle_using_subcommand quadlet" -l no-kmsg-log -d 'Write nothing to the kernel\'s log; nothing ever is'
complete -c coracle -n "__fish_coracle_using_subcommand quadlet" -s v -l verbose -d 'Say which files are read'
complete -c coracle -n "__fish_coracle_using_subcommand quadlet" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand startup; and not __fish_seen_subcommand_from enable disable status" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand startup; and not __fish_seen_subcommand_from enable disable status" -f -a "enable" -d 'Arrange that containers are started after a reboot'
complete -c coracle -n "__fish_coracle_using_subcommand startup; and not __fish_seen_subcommand_from enable disable status" -f -a "disable" -d 'Undo startup enable'
complete -c coracle -n "__fish_coracle_using_subcommand startup; and not __fish_seen_subcommand_from enable disable status" -f -a "status" -d 'Say whether containers are started after a reboot'
complete -c coracle -n "__fish_coracle_using_subcommand startup; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand startup; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand startup; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from check df events info prune reset" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from check df events info prune reset" -f -a "check" -d 'Check the store for damage'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from check df events info prune reset" -f -a "df" -d 'Show how much disk space coracle uses'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from check df events info prune reset" -f -a "events" -d 'Show what was done to containers, images, volumes and networks'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from check df events info prune reset" -f -a "info" -d 'Display information about this host and this store'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from check df events info prune reset" -f -a "prune" -d 'Remove unused data'
complete -c coracle -n "__fish_coracle_using_subcommand system; and not __fish_seen_subcommand_from check df events info prune reset" -f -a "reset" -d 'Remove everything coracle has stored'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from check" -s r -l repair -d 'Fetch or make again what is damaged; remove images for which that fails, and what nobody needs'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from check" -s f -l force -d 'With --repair, remove containers of images that have to be removed too'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from df" -l format -d 'Print as JSON (json), by a Go template, or as a table of template columns (table ...)' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from df" -s v -l verbose -d 'Show each image, container and volume'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from df" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from events" -s f -l filter -d 'Show events that fit, e.g. event=died or container=web; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from events" -l format -d 'Print as JSON, one object a line (json), or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from events" -l since -d 'Begin with what was done after this time: a date, a Unix time, or a time ago such as 10m' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from events" -l until -d 'End with what was done before this time; 10m is in ten minutes' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from events" -l no-trunc -d 'Print whole IDs [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from events" -l stream -d 'Go on printing events as they come [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from events" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from info" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -l filter -d 'Remove only what fits: label=KEY[=VALUE], until=TIME; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -s a -l all -d 'Remove all images no container uses, not only those without a name'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -s f -l force -d 'Do not ask'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -l volumes -d 'Remove volumes no container uses too'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -l build -d 'Remove the build cache too; there is none'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from reset" -s f -l force -d 'Do not ask'
complete -c coracle -n "__fish_coracle_using_subcommand system; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "create" -d 'Create a container from a bundle; its process waits for start'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "start" -d 'Start the process of a created container'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "state" -d 'Print the state of a container as JSON'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "kill" -d 'Send a signal to the process of a container'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "delete" -d 'Delete a stopped container'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "run" -d 'Create a container, start it, wait for its end and delete it'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "exec" -d 'Run a further process in a running container'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "ps" -d 'List the processes of a container'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "list" -d 'List containers of this directory of states'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "ls" -d 'List containers of this directory of states'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "pause" -d 'Freeze all processes of a container'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "resume" -d 'Let the processes of a paused container go on'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "update" -d 'Change the limits of a running container'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "events" -d 'Print what a container uses, as JSON, until it ends'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "spec" -d 'Write a config.json to begin with'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "features" -d 'Print what this runtime can do, as JSON'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "checkpoint" -d 'Refused: containers are not checkpointed'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and not __fish_seen_subcommand_from create start state kill delete run exec ps list ls pause resume update events spec features checkpoint restore" -f -a "restore" -d 'Refused: containers are not checkpointed'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -s b -l bundle -d 'Directory of the bundle [default: .]' -r -f -a "(__fish_complete_directories)"
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -s f -l config -d 'Configuration to use instead of the bundle\'s config.json' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l pid-file -d 'Write the process ID to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l console-socket -d 'Send the terminal to the process that listens at this socket' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l preserve-fds -d 'Pass so many descriptors, from 3 on, to the process' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l no-pivot -d 'Enter the root without pivot_root(2), which an initramfs does not take'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l no-new-keyring -d 'Keep the caller\'s session keyring'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from start" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from start" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from start" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from start" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from start" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from start" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from start" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from state" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from state" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from state" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from state" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from state" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from state" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from state" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from state" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from kill" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from kill" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from kill" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from kill" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from kill" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from kill" -s a -l all -d 'Send the signal to all processes of the container; a stopped container is no error then'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from kill" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from kill" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from kill" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -s f -l force -d 'Kill the container first if it runs; one that does not exist is no error'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -l regex -d 'Delete all containers whose ID matches the regular expression'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -s b -l bundle -d 'Directory of the bundle [default: .]' -r -f -a "(__fish_complete_directories)"
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -s f -l config -d 'Configuration to use instead of the bundle\'s config.json' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l pid-file -d 'Write the process ID to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l console-socket -d 'Send the terminal to the process that listens at this socket' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l preserve-fds -d 'Pass so many descriptors, from 3 on, to the process' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l no-pivot -d 'Enter the root without pivot_root(2), which an initramfs does not take'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l no-new-keyring -d 'Keep the caller\'s session keyring'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -s d -l detach -d 'Return once the process runs'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l keep -d 'Do not delete the container at its end'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l no-subreaper -d 'Do not adopt orphans of the container'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l console-socket -d 'Send the terminal to the process that listens at this socket' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l cwd -d 'Working directory' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -s e -l env -d 'Set an environment variable, NAME=VALUE' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -s u -l user -d 'Who the process runs as' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -s g -l additional-gids -d 'Further group of the process' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -s p -l process -d 'Take the process from this file, in the form of the specification' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l pid-file -d 'Write the process ID to this file' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l process-label -d 'SELinux context of the process' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l apparmor -d 'AppArmor profile of the process' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l no-new-privs -d 'The process cannot gain privileges' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -s c -l cap -d 'Add a capability' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l preserve-fds -d 'Pass so many descriptors, from 3 on, to the process' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l cgroup -d 'Put the process into this control group, below the container\'s' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -s t -l tty -d 'Give the process a terminal'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -s d -l detach -d 'Return once the process runs'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l ignore-paused -d 'Start the process in a paused container, too; it runs when the container does'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from exec" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ps" -s f -l format -d 'table, or json for the process IDs alone' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ps" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ps" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ps" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ps" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ps" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ps" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ps" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ps" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -s f -l format -d 'table or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -s q -l quiet -d 'IDs alone'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -s f -l format -d 'table or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'IDs alone'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from pause" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from pause" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from pause" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from pause" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from pause" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from pause" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from pause" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from resume" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from resume" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from resume" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from resume" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from resume" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from resume" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from resume" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -s r -l resources -d 'Take limits from this file, in the form of the specification; - is standard input' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l blkio-weight -d 'Weight of block I/O, from 10 to 1000' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cpu-quota -d 'Time of processors in a period, in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cpu-period -d 'The period, in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cpu-burst -d 'Time that may be saved up, in microseconds' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cpu-share -l cpu-shares -d 'Share of processors relative to other containers' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cpu-idle -d 'Only when nothing else wants to run: 1' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cpuset-cpus -d 'Processors to use, e.g. 0-2,7' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cpuset-mems -d 'Memory nodes to use' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l memory -d 'Most memory, in bytes or with a unit; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l memory-reservation -d 'Memory that is kept from being taken away first' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l memory-swap -d 'Most memory and swap together; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l pids-limit -d 'Most processes; -1 is no limit' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l kernel-memory -d 'Ignored: the kernel has no limit of its own memory any more' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l kernel-memory-tcp -d 'Ignored likewise' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cpu-rt-period -d 'Ignored: version 2 has no time for real-time processes' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cpu-rt-runtime -d 'Ignored likewise' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -l interval -d 'Time between two lines, e.g. 5s' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -l stats -d 'Print what is used now, and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from events" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from spec" -s b -l bundle -d 'Directory of the bundle [default: .]' -r -f -a "(__fish_complete_directories)"
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from spec" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from spec" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from spec" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from spec" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from spec" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from spec" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from spec" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from spec" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from features" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from features" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from features" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from features" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from features" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from features" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from features" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from features" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from checkpoint" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from checkpoint" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from checkpoint" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from checkpoint" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from checkpoint" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from checkpoint" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from checkpoint" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from checkpoint" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from restore" -l log -d 'Append messages to this file, too' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from restore" -l log-format -d 'Form of messages: text or json' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from restore" -l cgroup-manager -d 'Who makes control groups: cgroupfs, systemd or disabled' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from restore" -l rootless -d 'Ignored: what the caller may do is found out' -r
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from restore" -l criu -d 'Ignored: checkpoints are not offered' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from restore" -l debug -d 'Write messages that are of use in finding a fault, too'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from restore" -l systemd-cgroup -d 'The engine names control groups as SLICE:PREFIX:NAME'
complete -c coracle -n "__fish_coracle_using_subcommand oci; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand doctor" -l json -d 'Print as JSON'
complete -c coracle -n "__fish_coracle_using_subcommand doctor" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand events" -s f -l filter -d 'Show events that fit, e.g. event=died or container=web; may be repeated' -r
complete -c coracle -n "__fish_coracle_using_subcommand events" -l format -d 'Print as JSON, one object a line (json), or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand events" -l since -d 'Begin with what was done after this time: a date, a Unix time, or a time ago such as 10m' -r
complete -c coracle -n "__fish_coracle_using_subcommand events" -l until -d 'End with what was done before this time; 10m is in ten minutes' -r
complete -c coracle -n "__fish_coracle_using_subcommand events" -l no-trunc -d 'Print whole IDs [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand events" -l stream -d 'Go on printing events as they come [default: true]'
complete -c coracle -n "__fish_coracle_using_subcommand events" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand info" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand info" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand unshare" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand version" -s f -l format -d 'Print as JSON (json) or by a Go template' -r
complete -c coracle -n "__fish_coracle_using_subcommand version" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand help" -s h -l help -d 'Print help and exit'
complete -c coracle -n "__fish_coracle_using_subcommand completion" -s f -l file -d 'Write to this file instead of standard output' -r -F
complete -c coracle -n "__fish_coracle_using_subcommand completion" -s h -l help -d 'Print help and exit'
