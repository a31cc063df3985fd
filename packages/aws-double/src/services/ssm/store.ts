export type Parameter = {
  readonly name: string
  readonly arn: string
  readonly type: 'String' | 'StringList' | 'SecureString'
  value: string
  version: number
  changed: Date
}

/** Parameters by ARN. Public ones (`/aws/service/…`) belong to no account. */
export type SsmStore = {
  readonly parameters: Map<string, Parameter>
  readonly publicParameters: ReadonlyMap<string, string>
}

const amazonLinux = 'ami-0a1b2c3d4e5f60718'

export const createSsmStore = (): SsmStore => ({
  parameters: new Map(),
  publicParameters: new Map([
    ['/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64', amazonLinux],
    ['/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64', 'ami-0a1b2c3d4e5f60719'],
  ]),
})
