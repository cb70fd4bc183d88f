# Lists the directory it runs in, for comparing what two readers of the same layers see. Devices are left out: an ordinary
# user's extraction cannot make them. Modification times and owners are those of the layers (owners only where they are mapped).
export LC_ALL=C
find . ! -type c ! -type b ! -type d -printf '%y %m %s %n %T@ %l %p\0' | tr '\0\n' '\n?' | sort
find . -type d -printf '%y %m %p\0' | tr '\0\n' '\n?' | sort
find . -type f -print0 | sort -z | xargs -0 sha256sum
