#!/usr/bin/env bash
# Builds a small machine in namespaces of its own, a developer's desk with a
# server on it that npm has started, and has portwho save what it reads there. It
# takes root, npm and git, some two minutes, and leaves nothing behind.
#
#   stage.sh PORTWHO PORT >snapshot.json
set -euo pipefail

if [ "${STAGE:-}" = "" ]; then
  # Read from standard input, so that the snapshot has no path of this machine.
  STAGE=1 PORTWHO=$1 PORT=$2 exec unshare --net --mount --pid --fork --uts --ipc --cgroup --kill-child bash -s <"$0"
fi

exec 9<"$PORTWHO" # it may lie in a folder that is covered now
mount --make-rprivate /
mount -t proc proc /proc
hostname desk
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs /home
mkdir -p /home/ada/shop /home/ada/bin
cat <&9 >/home/ada/bin/portwho
exec 9<&-
chmod 755 /home/ada/bin/portwho
{ cat /etc/passwd; echo 'ada:x:4242:4242::/home/ada:/bin/bash'; } >/home/passwd
mount --bind /home/passwd /etc/passwd

cd /home/ada/shop
cat >server.js <<'JS'
require("http").createServer((_, answer) => answer.end("ok\n")).listen(process.env.PORT, "127.0.0.1")
JS
cat >package.json <<JSON
{"name": "shop", "scripts": {"dev": "PORT=$PORT node server.js"}}
JSON
git init --quiet --initial-branch main .
chown -R 4242:4242 /home/ada

# as_ada COMMAND...: as the developer, with nothing of this machine around.
as_ada() {
  env -i HOME=/home/ada USER=ada SHELL=/bin/bash PATH=/home/ada/bin:/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 \
    npm_config_update_notifier=false setpriv --reuid=4242 --regid=4242 --clear-groups "$@" </dev/null
}

as_ada bash -c 'npm run dev; :' >/dev/null 2>&1 &
for _ in $(seq 100); do
  as_ada portwho "127.0.0.1:$PORT" >/dev/null && break
  sleep 0.1
done
sleep 130 # a server that has been up for a while is the usual case
as_ada portwho snapshot
