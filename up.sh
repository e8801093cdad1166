c=$1; p=$2
/tmp/conweb/statgate dev --contract $c --addr 127.0.0.1:$p --credentials /tmp/conweb/rig/$c.creds > /tmp/conweb/rig/$c.log 2>&1 &
echo $! > /tmp/conweb/rig/$c.devpid
for i in $(seq 60); do [ -s /tmp/conweb/rig/$c.creds ] && curl -sf http://127.0.0.1:$p/health >/dev/null && break; sleep 0.5; done
node /tmp/conweb/rig/server.mjs $c $((p+1000)) http://127.0.0.1:$p > /tmp/conweb/rig/$c.node.log 2>&1 &
echo $! > /tmp/conweb/rig/$c.nodepid
