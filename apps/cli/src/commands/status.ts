import { Command } from 'commander'
import { type Open, table } from '../session.ts'

export function statusCommand(open: Open): Command {
  return new Command('status')
    .description('is the wallet alive and ready, what do the three nodes say')
    .action(async (_options, command: Command) => {
      const session = open(command)
      const client = await session.client()
      const health = await client.call('health')
      const ready = await client.call('ready').catch(() => ({ Healthy: false }))
      const { VaultID, Sealed, Head, Nodes } = await client.call('trivaultNodes')
      session.print({ Healthy: health.Healthy, Ready: ready.Healthy, VaultID, Sealed, Head, Nodes }, [
        `Vault   ${VaultID}`,
        `Wallet  ${health.Healthy ? 'healthy' : 'NOT healthy'}, ${ready.Healthy ? 'ready' : 'NOT ready'}`,
        `Sealed  ${Sealed ? 'yes' : 'no: the owners have not paired their devices yet'}`,
        `Log     entry ${Head.Seq}, ${Head.Hash}`,
        ...table(
          Nodes.map(({ Index, Online, State, Head: head, IdentityKey }) => [
            `Node ${Index}`,
            Online ? 'online' : 'OFFLINE',
            State ?? '',
            head === undefined ? '' : `entry ${head.Seq}`,
            IdentityKey,
          ]),
        ),
      ])
    })
}
