import { Badge, Text } from '@mantine/core'
import type { ResponseOf } from '@trivault/api-contract'
import { Digest, EmptyState, PageTitle, QueryView, Time } from '@trivault/ui'
import { useCall } from '../calls.ts'
import { ActivityChart } from '../parts/activity-chart.tsx'
import { MasterKeys } from '../parts/master-keys.tsx'
import { Facts, Section } from '../parts/section.tsx'

type Node = ResponseOf<'trivaultNodes'>['Nodes'][number]
const refreshed = 10_000

/** Is everybody well, how far is the log, what was signed last, and how long signing takes. */
export function Nodes() {
  const nodes = useCall('trivaultNodes', undefined, { refetchInterval: refreshed })
  const activity = useCall('trivaultActivity')
  const config = useCall('viewConfig', undefined, { staleTime: 600_000 })
  return (
    <>
      <PageTitle>Nodes and keys</PageTitle>
      <QueryView query={nodes} what="Asking the three nodes">
        {data => (
          <>
            <Section title="Policy Nodes" note="All three are needed for every entry and every signature.">
              <div className="cn-cards">
                {data.Nodes.map(node => (
                  <NodeCard key={node.Index} node={node} head={data.Head.Seq} />
                ))}
              </div>
            </Section>
            <Section title="Vault">
              <Facts
                rows={[
                  ['Log height of the wallet', data.Head.Seq],
                  ['Head', <Digest key="head" value={data.Head.Hash} label="Copy the hash of the head" />],
                  ['Vault id', <Digest key="id" value={data.VaultID} label="Copy the vault id" />],
                  ['Wallet version', config.data?.Version],
                  ['Last signature', <LastSignature key="last" activity={activity.data} />],
                ]}
              />
            </Section>
          </>
        )}
      </QueryView>
      <MasterKeys />
      <Section title="Operations and signing times" note="Of the newest operations, by log time.">
        <QueryView query={activity} what="Reading the newest operations">
          {({ Operations }) =>
            Operations.length === 0 ? (
              <EmptyState title="No operations yet">They appear here once there are some.</EmptyState>
            ) : (
              <ActivityChart operations={Operations} />
            )
          }
        </QueryView>
      </Section>
    </>
  )
}

function NodeCard({ node, head }: { node: Node; head: number }) {
  const { Index, Online, State = '', Head, IdentityKey, Version, LastSignatureAt } = node
  const well = Online && State === 'voting'
  const behind = Head === undefined ? 0 : head - Head.Seq
  return (
    <Section
      title={`Node ${Index}`}
      actions={
        <Badge variant="light" tt="none" radius="sm" color={well ? 'green' : 'red'}>
          {Online ? State || 'online' : 'does not answer'}
        </Badge>
      }
    >
      <Facts
        rows={[
          ['Log height', Head && (behind > 0 ? `${Head.Seq}, ${behind} behind the wallet` : Head.Seq)],
          ['Version', Version],
          ['Last signature', LastSignatureAt ? <Time key="last" at={LastSignatureAt} /> : 'none since its start'],
          ['Identity key', <Digest key="key" value={IdentityKey} label={`Copy the identity key of node ${Index}`} />],
        ]}
      />
      {!well && (
        <Text size="sm" c="red" mt="xs">
          Nothing is certified or signed until this node votes again. Requests are kept meanwhile. Tell its admin.
        </Text>
      )}
    </Section>
  )
}

function LastSignature({ activity }: { activity: ResponseOf<'trivaultActivity'> | undefined }) {
  const signed = activity?.Operations.filter(
    ({ SigningMilliseconds, FinishedAt }) => SigningMilliseconds !== undefined && FinishedAt !== undefined,
  ).map(({ FinishedAt }) => FinishedAt ?? '')
  const last = signed?.sort().at(-1)
  return last === undefined ? <>none among the newest operations</> : <Time at={last} />
}
