export interface UserDataOptions {
  readonly region: string
  readonly registry: string
  /** Image by digest. */
  readonly image: string
  readonly logGroup: string
  readonly logStream: string
  readonly enclave: { readonly memoryMiB: number; readonly cpus: number }
  /** Not secret: names, addresses and hashes. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * First start of a Nitro host: packages from Amazon Linux's own repositories (in S3, no internet), the enclave image checked
 * against its hash, and the host process as a service. Everything secret is fetched later, by the host process with its role.
 */
export function userData(options: UserDataOptions): string {
  const { region, registry, image, logGroup, logStream, enclave, environment } = options
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  return `#!/bin/bash
set -euo pipefail
install -d -m 0755 /etc/trivault
cat > /etc/trivault/host.env <<'ENV'
${lines.join('\n')}
ENV
. /etc/trivault/host.env
dnf install -y docker aws-nitro-enclaves-cli
cat > /etc/nitro_enclaves/allocator.yaml <<'EOF_ALLOCATOR'
memory_mib: ${enclave.memoryMiB}
cpu_count: ${enclave.cpus}
EOF_ALLOCATOR
systemctl enable --now nitro-enclaves-allocator docker
aws s3 cp --region ${region} "s3://$CONF_BUCKET/$EIF_KEY" /etc/trivault/enclave.eif
echo "$EIF_SHA256  /etc/trivault/enclave.eif" | sha256sum --check --strict
aws ecr get-login-password --region ${region} | docker login --username AWS --password-stdin ${registry}
docker pull ${image}
cat > /etc/systemd/system/trivault-policy-node.service <<'EOF_UNIT'
[Unit]
Description=Trivault Policy Node host
After=docker.service nitro-enclaves-allocator.service
Requires=docker.service
[Service]
Restart=always
RestartSec=5
ExecStartPre=-/usr/bin/docker rm --force policy-node
ExecStart=/usr/bin/docker run --rm --name policy-node --network host --read-only --cap-drop ALL \\
  --security-opt no-new-privileges --user 1000:1000 --device /dev/vsock --env-file /etc/trivault/host.env \\
  --tmpfs /run/trivault:uid=1000,mode=0700 --tmpfs /tmp \\
  --volume /etc/trivault/enclave.eif:/etc/trivault/enclave.eif:ro \\
  --log-driver awslogs --log-opt awslogs-region=${region} --log-opt awslogs-group=${logGroup} --log-opt awslogs-stream=${logStream} \\
  ${image} node /app/apps/entrypoint/src/main.ts
ExecStop=/usr/bin/docker stop --time 10 policy-node
[Install]
WantedBy=multi-user.target
EOF_UNIT
systemctl enable --now trivault-policy-node
`
}
