#!/bin/sh
# Makes what compose.yaml and kubernetes/ need of passwords and keys, each where there is none yet:
#   ./make-secrets.sh                      for https://localhost, to try it
#   ./make-secrets.sh ct.hospital.org      the name that people open
# The certificate is signed by itself: put your own into secrets/tls.crt and secrets/tls.key.
set -eu
cd "$(dirname "$0")"
name=${1:-localhost}
# Nobody else may enter the folder; inside, containers read the files as users of their own.
mkdir -p secrets && chmod 700 secrets && cd secrets && umask 022
random() { openssl rand -hex 24; }

[ -e database_password ] || random > database_password
[ -e database_url ] ||
    printf 'postgresql://ctdenoise:%s@database/ctdenoise\n' "$(cat database_password)" > database_url
[ -e metrics_token ] || random > metrics_token
[ -e tls.key ] || {
    openssl req -x509 -newkey rsa:2048 -sha256 -days 365 -nodes -subj "/CN=$name" \
        -addext "subjectAltName=DNS:$name" -keyout tls.key -out tls.crt 2>/dev/null
    chmod 644 tls.key
}
echo "deploy/secrets holds $(ls | tr '\n' ' ')"
