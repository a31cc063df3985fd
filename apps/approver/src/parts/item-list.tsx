import { Link } from '@tanstack/react-router'
import { Sentence, StatusBadge, Time } from '@trivault/ui'
import type { Item } from '../device/views.ts'

/** Operations as cards; `when` says which of its times counts here. */
export function ItemList({ items, when }: { items: readonly Item[]; when: 'started' | 'ended' }) {
  return (
    <ul className="ap-list">
      {items.map(item => (
        <li key={item.id}>
          <Link to="/operation/$id" params={{ id: item.id }} className="ap-item">
            <span className="ap-item-title">{item.title ?? 'Cannot be decoded'}</span>
            <StatusBadge status={item.status} />
            {item.detail && (
              <span className="ap-item-small">
                <Sentence text={item.detail} />
              </span>
            )}
            <span className="ap-item-small">
              {item.title === undefined && `${item.type} · `}
              {when === 'ended' && item.endedAt !== undefined ? 'ended ' : 'started '}
              <Time at={when === 'ended' ? (item.endedAt ?? item.startedAt) : item.startedAt} />
              {item.initiator && (when === 'started' ? ` by ${item.initiator}` : ` · started by ${item.initiator}`)}
              {item.approvedByMe && ' · approved by you'}
            </span>
            {item.failure !== undefined && <span className="ap-item-small">{item.failure}</span>}
            {when === 'started' && item.unmet.length > 0 && (
              <span className="ap-item-small">Waits for {item.unmet.join('; ')}</span>
            )}
          </Link>
        </li>
      ))}
    </ul>
  )
}
