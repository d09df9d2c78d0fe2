#!/bin/sh
set -e
sed -i "s/^server.port = .*/server.port = $PORT/" /etc/lighttpd/lighttpd.conf
exec "$@"
