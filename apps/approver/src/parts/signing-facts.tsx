import { Badge, Group, Text } from '@mantine/core'
import type { SigningSummary, SummaryAmount } from '@trivault/approval'
import { Address, Amount } from '@trivault/ui'
import { Fact, Facts, Lines } from './facts.tsx'

const grades: Readonly<Record<SigningSummary['grade'], { text: string; colour: string }>> = {
  decoded: { text: 'Fully decoded on this device', colour: 'green' },
  exact: { text: 'Exact bytes, but the effect of the called code is not known', colour: 'orange' },
  opaque: { text: 'Opaque: nobody can tell what it sets free', colour: 'red' },
}

/** What leaves, from where, to whom, at most which fee; or which message. */
export function SigningFacts({ signing }: { signing: SigningSummary }) {
  const { movements, from, fee, chain, grade, message, call, data } = signing
  return (
    <Facts>
      {message !== undefined && (
        <Fact term="Message">
          <Lines lines={message} />
        </Fact>
      )}
      {movements.map((movement, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: movements never move
        <Fact key={`${i} ${movement.to}`} term={movements.length > 1 ? `Transfer ${i + 1}` : 'What leaves'}>
          <Text fw={650} size="lg" component="div">
            <Money of={movement} />
          </Text>
          <Text size="sm" c="dimmed" mt={4}>
            To {movement.own ? 'an account of this vault' : 'an address outside this vault'}
          </Text>
          {movement.to === undefined ? (
            <Text>No address</Text>
          ) : (
            <Address
              value={movement.to}
              name={movement.own && `${movement.own.account} (master key ${movement.own.masterKey})`}
            />
          )}
        </Fact>
      ))}
      <Fact term="From">
        <Address value={from.address} name={`${from.account} (master key ${from.masterKey}, address ${from.index})`} />
      </Fact>
      <Fact term="Network">
        <Group gap="xs">
          <span>
            {chain.name} ({chain.caip2})
          </span>
          {chain.testNetwork && (
            <Badge color="yellow" variant="light" tt="none">
              test network
            </Badge>
          )}
        </Group>
      </Fact>
      {message === undefined && (
        <Fact term="Fee at most">
          <Money of={fee} />
        </Fact>
      )}
      {call !== undefined && (
        <Fact term="Calls">
          <span className="tv-mono">{call}</span>
        </Fact>
      )}
      {data !== undefined && (
        <Fact term="Call data">
          <span className="tv-mono">{data}</span>
        </Fact>
      )}
      <Fact term="Decoding">
        <Badge
          color={grades[grade].colour}
          variant="light"
          tt="none"
          styles={{ root: { height: 'auto' }, label: { whiteSpace: 'normal' } }}
        >
          {grades[grade].text}
        </Badge>
      </Fact>
    </Facts>
  )
}

function Money({ of: { amount, symbol, asset, usd } }: { of: SummaryAmount }) {
  return (
    <>
      {amount === undefined ? `An unknown amount of ${symbol}` : <Amount value={amount} symbol={symbol} />}
      <Text size="sm" c="dimmed" fw={400} component="div">
        {usd === undefined
          ? 'No rate in US dollars is approved'
          : `≈ ${usd} USD at the highest rate that the owners approved`}
        <br />
        {asset}
      </Text>
    </>
  )
}
