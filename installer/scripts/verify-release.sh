#!/bin/sh
# Verifies the signed release of DEPLOYER_VERSION with openssl alone and prints the one reference of the deployer image that may be run,
# by digest. Nothing delivered is executed before this has passed. Exit 3: not what the publisher signed.
set -eu

fail() {
  printf 'verify-release: %s\n  → %s\n' "$2" "$3" >&2
  exit "$1"
}
need() {
  eval "value=\${$1:-}"
  [ -n "$value" ] || fail 2 "$1 is not set" "$2"
}

need DEPLOYER_VERSION 'export DEPLOYER_VERSION=<deployer version of your delivery note>'
need SIGNING_KEY_FINGERPRINT 'export SIGNING_KEY_FINGERPRINT=<fingerprint of your delivery note, not of the bundle>'
need DELIVERY_REGISTRY 'export DELIVERY_REGISTRY=<registry of your delivery note>'
need DELIVERY_BUCKET 'export DELIVERY_BUCKET=<bucket of your delivery note>'
case $DEPLOYER_VERSION in
  *[!A-Za-z0-9._-]* | .* | -*) fail 2 "DEPLOYER_VERSION is no tag: $DEPLOYER_VERSION" 'copy it anew from your delivery note' ;;
esac
command -v openssl >/dev/null || fail 1 'openssl cannot be run' 'install openssl'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

for file in release.json release.json.sig signing-key.pem; do
  key="deployer/$DEPLOYER_VERSION/$file"
  case $DELIVERY_BUCKET in
    /*) cp "$DELIVERY_BUCKET/$key" "$work/$file" 2>/dev/null ;;
    *) aws s3 cp --only-show-errors --region "${DELIVERY_REGION:-us-east-1}" "s3://$DELIVERY_BUCKET/$key" "$work/$file" >&2 ;;
  esac || fail 1 "$key cannot be fetched from $DELIVERY_BUCKET" 'check DEPLOYER_VERSION against your delivery note, and your credentials'
done

hash=$(openssl pkey -pubin -in "$work/signing-key.pem" -outform DER 2>/dev/null | openssl dgst -sha256 -r | cut -d ' ' -f 1)
expected=$(printf '%s' "$SIGNING_KEY_FINGERPRINT" | tr 'A-F' 'a-f')
[ "sha256:$hash" = "$expected" ] ||
  fail 3 "the signing key has the fingerprint sha256:$hash, expected was $expected" 'tell the publisher, by another way than the bundle'

openssl base64 -d -A -in "$work/release.json.sig" -out "$work/signature" 2>/dev/null || : >"$work/signature"
openssl dgst -sha256 -verify "$work/signing-key.pem" -signature "$work/signature" "$work/release.json" >/dev/null 2>&1 ||
  fail 3 "release.json of $DEPLOYER_VERSION is not signed by the publisher's key" 'use nothing of it; tell the publisher'

# Signed, so its form is the publisher's own.
deployer=$(tr -d ' \n' <"$work/release.json" |
  sed -n 's/.*"deployer":{"version":"\([^"]*\)","image":"\(sha256:[0-9a-f]\{64\}\)"}.*/\1 \2/p')
[ "${deployer% *}" = "$DEPLOYER_VERSION" ] ||
  fail 3 "the release there is of deployer ${deployer% *}, not $DEPLOYER_VERSION: somebody moved it" 'tell the publisher'
reference="${DELIVERY_REGISTRY#http*://}/trivault/wallet-deployer@${deployer#* }"

# The image carries a signature of its own; whoever has cosign checks that too. It is not in a public transparency log.
if command -v cosign >/dev/null; then
  cosign verify --key "$work/signing-key.pem" --insecure-ignore-tlog=true -a "tag=$DEPLOYER_VERSION" "$reference" >/dev/null ||
    fail 3 "cosign refuses $reference" 'sign in to the registry first (step 4); if you are, tell the publisher'
fi
printf '%s\n' "$reference"
