#!/bin/sh
set -e

# A volume arrives with whatever owner it has; the broker must be able to save there.
if [ "$(id -u)" = '0' ]; then
    if [ -d /mosquitto/data ]; then
        chown -R mosquitto:mosquitto /mosquitto/data
    fi
fi

exec "$@"
