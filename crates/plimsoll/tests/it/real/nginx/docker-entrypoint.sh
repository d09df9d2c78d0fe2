#!/bin/sh
set -e

if [ "$1" = "nginx" ]; then
    for script in /docker-entrypoint.d/*.sh; do
        if [ -x "$script" ]; then
            echo "$0: running $script" >&2
            "$script"
        else
            echo "$0: ignoring $script, it is not executable" >&2
        fi
    done
fi

exec "$@"
