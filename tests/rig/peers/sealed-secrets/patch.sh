#!/usr/bin/env bash
# The controller knows a cluster from the inside only. Here it runs outside: its client library looks for the files of its
# ServiceAccount in $SERVICE_ACCOUNT_DIRECTORY. Nothing else differs from the released sources.
# Writes a go.mod for `go build -modfile` to the directory $1, and the changed library beside it.
set -euo pipefail
mkdir "$1"
cp go.mod go.sum "$1"
go mod download k8s.io/client-go
cp -R "$(go list -mod=readonly -m -f '{{.Dir}}' k8s.io/client-go)" "$1/client-go"
chmod -R u+w "$1/client-go"
config=$1/client-go/rest/config.go
sed -e '/^func InClusterConfig/,/^}/ {' \
  -e 's/^	const ($/	var (/' \
  -e 's#"/var/run/secrets/kubernetes.io/serviceaccount/#os.Getenv("SERVICE_ACCOUNT_DIRECTORY") + "/#' \
  -e '}' "$config" >"$config.new"
if cmp -s "$config" "$config.new"; then
  echo "k8s.io/client-go has changed: $0 must follow" >&2
  exit 1
fi
mv "$config.new" "$config"
go mod edit -replace "k8s.io/client-go=$1/client-go" "$1/go.mod"
