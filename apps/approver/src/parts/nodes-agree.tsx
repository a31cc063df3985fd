import { Accordion, Alert, Text } from '@mantine/core'
import { IconShieldCheck } from '@tabler/icons-react'
import { Digest, Mono } from '@trivault/ui'
import type { Examination } from '../device/views.ts'
import { Fact, Facts } from './facts.tsx'

/** The digests that this device computed, and those that the three nodes signed. */
export function NodesAgree({ of: { nodes, intentHash, effectsHash } }: { of: Examination }) {
  const agree = nodes.length === 3
  return (
    <>
      {agree && (
        <Alert color="green" variant="light" icon={<IconShieldCheck size={20} />} title="Three nodes see the same">
          <Text size="sm">Each of them signed the digest that this device computed from the raw bytes.</Text>
        </Alert>
      )}
      <Accordion variant="contained">
        <Accordion.Item value="digests">
          <Accordion.Control>Digests</Accordion.Control>
          <Accordion.Panel>
            <Facts>
              <Fact term="Intent, here">
                <Digest value={intentHash} label="Copy the digest of the intent" />
              </Fact>
              {effectsHash !== undefined && (
                <Fact term="Effects, here">
                  <Digest value={effectsHash} label="Copy the digest of the effects" />
                </Fact>
              )}
              {nodes.map(node => (
                <Fact key={node.node} term={`Node ${node.node}`}>
                  <Text size="sm">Signed at entry {node.headSeq}; intent and effects:</Text>
                  <Mono value={node.intentHash} />
                  <br />
                  {node.effectsHash === undefined ? 'no effects' : <Mono value={node.effectsHash} />}
                </Fact>
              ))}
            </Facts>
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </>
  )
}
