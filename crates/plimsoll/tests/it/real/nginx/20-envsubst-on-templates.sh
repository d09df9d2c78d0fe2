#!/bin/sh
set -e

templates=/etc/nginx/templates
output=/etc/nginx/conf.d

# Read-only configuration is no error: it may be mounted complete.
if [ ! -w "$output" ]; then
    echo "$0: $templates exists, but $output is not writable" >&2
    exit 0
fi

for template in "$templates"/*.template; do
    name=$(basename "$template" .template)
    envsubst '${NGINX_PORT}' < "$template" > "$output/$name"
done
