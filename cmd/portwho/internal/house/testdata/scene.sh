# shellcheck shell=bash
# What is there for the examples of the commands: see CONTRIBUTING.md.
mkdir bin
export PATH=$PWD/bin:$PATH
cat >compose.yaml <<'END'
services:
  web:
    image: web
    ports: ["8000:80"]
  mail:
    image: mail
    profiles: [dev]
    ports: ["8025:8025"]
END
cat >bin/npm <<'END'
#!/bin/sh
case $1 in
start) exec python3 -m http.server "${PORT:-3000}" >/dev/null 2>&1 ;;
esac
END
cat >server <<'END'
#!/usr/bin/env python3
import os, socket, sys
for port in sys.argv[1:]:
    socket.create_server(("127.0.0.1", int(port)))
if len(sys.argv) == 1:
    assert os.environ["LISTEN_FDS"] == "1"
    socket.socket(fileno=3).getsockname()
END
chmod +x bin/npm server
echo fine >health
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
python3 -m http.server 8080 >/dev/null 2>&1 &
until portwho 8080 >/dev/null; do sleep 0.1; done
