//! The programs people run, in an image of Debian packages that `tests/support/fixtures.sh` makes.

use crate::oracle::obstacle;
use crate::support::debian::{Access, DockerRegistry};
use crate::support::{Sandbox, has_subordinate_ids, is_root, program, skip};

/// Name, and a script that fails or ends with the word `fine`.
const PROGRAMS: [(&str, &str); 6] = [
    (
        "git",
        r#"
        export HOME=/root; cd; git config --global user.email a@b; git config --global user.name n
        mkdir r; cd r; git init -q -b main; for i in $(seq 200); do mkdir -p d$((i%20)); seq $i >d$((i%20))/f$i; done
        git add .; git commit -qm one; git clone -q --no-local . ../c; cd ../c; test -z "$(git status --porcelain)"
        git rm -q d3/f3; git mv d4 moved; echo x >>d5/f5; git commit -qam two; git repack -qad; git gc -q --prune=now
        git fsck --strict --no-progress; git worktree add -q ../w main~1 --detach; test -e ../w/d4/f4; rm -rf d6; git checkout -q .
        test -z "$(git status --porcelain)"; test "$(git log --oneline | wc -l)" = 2"#,
    ),
    (
        "a C compiler",
        r#"
        mkdir -p /src/lib && cd /src
        for i in $(seq 30); do echo "int f$i(void) { return $i; }" >lib/f$i.c; done
        { for i in $(seq 30); do echo "int f$i(void);"; done; echo 'int main(void) { int sum = 0;'
          for i in $(seq 30); do echo "sum += f$i();"; done; echo 'return sum != 465; }'; } >main.c
        printf 'all: prog\nlib.a: $(patsubst %%.c,%%.o,$(wildcard lib/*.c))\n\tar rcs $@ $^\nprog: main.o lib.a\n\tcc -o $@ $^\n' >Makefile
        make -s -j2; ./prog; make -s | grep -q . && exit 1
        touch lib/f7.c; make | grep -c 'f7' >/dev/null; strip prog; cp -a prog /usr/bin/prog; prog"#,
    ),
    (
        "sqlite",
        r#"
        cd /var/lib; for mode in delete truncate wal; do
            { echo "pragma journal_mode=$mode; create table t(a integer primary key, b text);"
              for i in $(seq 150); do echo "insert into t(b) values(hex(randomblob(100)));"; done
              echo 'update t set b = b || b where a % 3 = 0; delete from t where a % 5 = 0; vacuum;'; } | sqlite3 $mode.db >/dev/null
            test "$(sqlite3 $mode.db 'pragma integrity_check; select count(*) from t')" = "$(printf 'ok\n120')"
        done
        sqlite3 shared.db 'pragma journal_mode=wal; create table t(a)' >/dev/null
        for p in 1 2 3; do (for i in $(seq 20); do sqlite3 -cmd '.timeout 20000' shared.db "insert into t values($i)"; done) & done; wait
        test "$(sqlite3 shared.db 'select count(*) from t')" = 60"#,
    ),
    (
        "postgres",
        r#"
        cat >/run/pg.sh <<'END'
        set -eu; PATH=$(echo /usr/lib/postgresql/*/bin):$PATH; export PGDATA=/var/lib/postgresql/data PGHOST=/tmp
        initdb -A trust >/tmp/initdb.log 2>&1 || { cat /tmp/initdb.log; exit 1; }
        pg_ctl -s -w -o "-c listen_addresses= -c unix_socket_directories=/tmp" -l /tmp/log start || { cat /tmp/log; exit 1; }
        createdb bench; pgbench -q -i -s 1 bench 2>/dev/null
        pgbench -n -c 4 -j 2 -t 30 bench 2>&1 | grep -q 'actually processed: 120/120'
        psql -qAt bench -c 'create table t as select g, repeat(md5(g::text), 20) from generate_series(1, 20000) g; create index on t(g)' \
            -c 'vacuum full t' -c 'checkpoint'
        pg_ctl -s -m immediate stop; pg_ctl -s -w -o "-c listen_addresses= -c unix_socket_directories=/tmp" -l /tmp/log start
        test "$(psql -qAt bench -c 'select count(*) from t')" = 20000; pg_ctl -s -m fast stop
END
        setpriv --reuid postgres --regid postgres --clear-groups sh /run/pg.sh"#,
    ),
    (
        "dpkg",
        r#"
        cd /tmp; for v in 1 2; do
            mkdir -p p$v/DEBIAN p$v/usr/share/thing p$v/etc; seq 1000 >p$v/usr/share/thing/data; echo $v >p$v/etc/thing.conf
            printf 'Package: thing\nVersion: %s\nArchitecture: all\nMaintainer: a <a@b>\nDescription: d\n' $v >p$v/DEBIAN/control
            echo /etc/thing.conf >p$v/DEBIAN/conffiles; ln p$v/usr/share/thing/data p$v/usr/share/thing/data2
        done; mkdir p2/usr/share/thing/new; echo n >p2/usr/share/thing/new/f; ln -s new p2/usr/share/thing/link
        for v in 1 2; do dpkg-deb --root-owner-group -b p$v p$v.deb >/dev/null; done
        dpkg -i p1.deb >/dev/null; test "$(cat /etc/thing.conf)" = 1; dpkg -i p2.deb >/dev/null; test "$(cat /etc/thing.conf)" = 2
        test "$(stat -c %h /usr/share/thing/data)" = 2; test "$(cat /usr/share/thing/link/f)" = n; dpkg --verify thing
        dpkg -P thing >/dev/null; test ! -e /usr/share/thing
        # What the image has goes and comes back: whiteouts, and names where whiteouts were.
        dpkg -P make >/dev/null; test ! -e /usr/bin/make
        apt-get install -y --no-install-recommends ./p1.deb >/dev/null 2>&1; dpkg -s thing | grep -q 'ok installed'"#,
    ),
    (
        "stress-ng",
        r#"
        mkdir /var/s; cd /var/s; stress-ng --temp-path /var/s --quiet --verify -t ${SECONDS_EACH:-4} --access 1 --chdir 1 --chmod 1 --chown 1 \
            --copy-file 1 --dentry 1 --dir 1 --dirdeep 1 --dirmany 1 --dup 1 --fallocate 1 --fcntl 1 --filename 1 --flock 1 --fpunch 1 \
            --fstat 1 --getdent 1 --hdd 1 --inotify 1 --io 1 --iomix 1 --lease 1 --link 1 --locka 1 --lockf 1 --lockofd 1 --mknod 1 \
            --open 1 --rename 1 --seek 1 --symlink 1 --touch 1 --utime 1 --verity 1 --xattr 1 --dirdeep-bytes 1m --hdd-bytes 16m \
            --iomix-bytes 16m --copy-file-bytes 128m --fallocate-bytes 16m --seek-size 16m --dirdeep-inodes 2000 >log 2>&1 || { cat log; exit 1; }
        cd /; rm -rf /var/s; test ! -e /var/s"#,
    ),
];

/// Where a package manager of many small files is installed here: it comes with this machine, as the image `host`.
const NPM: &str = r#"
    mkdir -p /tmp/n/a /tmp/n/b /tmp/n/app; cd /tmp/n
    for p in a b; do mkdir -p $p/lib; echo "{\"name\":\"$p\",\"version\":\"1.0.0\",\"bin\":{\"$p\":\"run.js\"}}" >$p/package.json
        printf '#!/usr/bin/env node\nconsole.log("%s")\n' $p >$p/run.js; for i in $(seq 300); do echo "exports.x = $i" >$p/lib/$i.js; done
        (cd $p && npm pack --silent >/dev/null && mv *.tgz ..); done
    cd app; echo '{"name":"app","version":"1.0.0"}' >package.json; export npm_config_cache=/tmp/n/cache HOME=/tmp/n
    npm install --offline --no-audit --no-fund --silent ../a-1.0.0.tgz ../b-1.0.0.tgz; test "$(npx --offline a)" = a
    test "$(find node_modules -name '*.js' | wc -l)" = 602; npm uninstall --offline --no-audit --no-fund --silent a; test ! -e node_modules/a
    npm ci --offline --no-audit --no-fund --silent; echo fine"#;

/// What a package mirror has: a compiler and redis installed, a project cloned and built, redis's log of changes read again after
/// it was killed, everything removed.
const INSTALLED: &str = r#"
    export DEBIAN_FRONTEND=noninteractive HOME=/root; apt-get update >/dev/null 2>&1 || { echo no mirror; exit 0; }
    apt-get install -y --no-install-recommends gcc libc6-dev make git redis-server >/tmp/log 2>&1 || { tail -n 20 /tmp/log; exit 1; }
    git init -q /r; cd /r; git config user.email a@b; git config user.name n; printf 'p: p.c
	gcc -O2 -o p p.c
' >Makefile
    echo 'int main(void) { return 7; }' >p.c; git add .; git commit -qm x; git clone -q file:///r /q; cd /q; make -s; ./p || test $? = 7
    redis() { redis-server --port 0 --unixsocket $1 --appendonly yes --appendfsync always --dir /var/lib/redis --daemonize yes >/dev/null
        until redis-cli -s $1 ping 2>/dev/null | grep -q PONG; do sleep 0.1; done; }
    redis /one; for i in $(seq 200); do echo set k$i $i; done | redis-cli -s /one >/dev/null; redis-cli -s /one bgrewriteaof >/dev/null
    redis-cli -s /one set last 1 >/dev/null; kill -9 $(pidof redis-server); redis /two; test "$(redis-cli -s /two dbsize)" = 201
    dpkg --audit; apt-get purge -y gcc redis-server >/dev/null 2>&1; apt-get autoremove -y >/dev/null 2>&1; test ! -e /usr/bin/gcc; echo fine"#;

#[test]
fn packages_of_a_mirror_work_under_the_drivers() {
    if std::env::var_os("CORACLE_TEST_LONG").is_none() {
        skip!("a minute and a package mirror: with CORACLE_TEST_LONG=1");
    }
    if !has_subordinate_ids() {
        skip!("the packages use several ids, and this user has no subordinate ids");
    }
    let registry = match DockerRegistry::start(Access::Open) {
        Ok(registry) => registry,
        Err(reason) => skip!("{reason}"),
    };
    let sandbox = Sandbox::new();
    sandbox.run(["pull", "-q", "--tls-verify=false", &registry.image("debian")]).succeeds();
    for driver in ["fuse+overlay", "fuse"] {
        if let Some(reason) = obstacle(driver) {
            skip!("{reason}");
        }
        let script = format!("set -eu\n{INSTALLED}");
        let options = ["run", "--rm", "--network", "host", "--storage-driver", driver];
        let outcome = sandbox.run([&options[..], &[&registry.image("debian"), "sh", "-c", &script]].concat());
        if outcome.text().ends_with("no mirror") {
            skip!("no package mirror can be reached");
        }
        assert!(outcome.code() == 0 && outcome.text().ends_with("fine"), "{driver}: {outcome:?}");
    }
}

#[test]
fn programs_work_under_the_drivers() {
    let long = std::env::var_os("CORACLE_TEST_LONG").is_some();
    if is_root() && !long {
        skip!("run as an ordinary user; as root with CORACLE_TEST_LONG=1");
    }
    if !has_subordinate_ids() {
        skip!("the programs use several ids, and this user has no subordinate ids");
    }
    let registry = match DockerRegistry::start(Access::Open) {
        Ok(registry) => registry,
        Err(reason) => skip!("{reason}"),
    };
    // The others unpack the image, which is most of a minute; under them the oracle speaks.
    let drivers: &[&str] = if long { &["fuse+overlay", "fuse", "overlay", "copy"] } else { &["fuse+overlay", "fuse"] };
    let sandbox = Sandbox::new();
    sandbox.run(["pull", "-q", "--tls-verify=false", &registry.image("tools")]).succeeds();
    for driver in drivers.iter().filter(|driver| super::exists(driver)) {
        if let Some(reason) = obstacle(driver) {
            println!("{driver} is left out: {reason}");
            continue;
        }
        for (name, script) in PROGRAMS {
            let script = format!("set -eu\n{script}\necho fine");
            let seconds = if long { "SECONDS_EACH=30" } else { "SECONDS_EACH=4" };
            let options = ["run", "--rm", "--network", "none", "-e", seconds, "--storage-driver", driver];
            let outcome = sandbox.run([&options[..], &[&registry.image("tools"), "sh", "-c", &script]].concat());
            println!("{name} under {driver}: exit code {} after {:?}", outcome.code(), outcome.took);
            assert!(outcome.code() == 0 && outcome.text().ends_with("fine"), "{name} under {driver}: {outcome:?}");
        }
        if driver.starts_with("fuse") && program("npm").is_some() {
            let script = format!("set -eu\n{NPM}");
            let options = ["run", "--rm", "--network", "none", "--storage-driver", driver, "host", "sh", "-c", &script];
            let outcome = sandbox.run(options);
            println!("npm under {driver}: exit code {} after {:?}", outcome.code(), outcome.took);
            assert!(outcome.code() == 0 && outcome.text().ends_with("fine"), "npm under {driver}: {outcome:?}");
        }
    }
}
