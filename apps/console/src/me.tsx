import type { ResponseOf } from '@trivault/api-contract'
import { createContext, useContext } from 'react'

type Info = ResponseOf<'getUserInfo'>

export interface Me {
  id: string
  name: string
  role: Info['Role']
  /** May start and cancel operations. */
  writes: boolean
  /** May make and delete API keys. */
  administers: boolean
}

/** Viewers, and Auditors who are shown as such, see no control that changes anything. */
export const meOf = ({ Email, Name, Role }: Info): Me => ({
  id: Email ?? '',
  name: Name,
  role: Role,
  writes: Role === 'Admin' || Role === 'MarketOps',
  administers: Role === 'Admin',
})

export const MeContext = createContext<Me | undefined>(undefined)

/** Who is signed in; pages are shown only to somebody. */
export function useMe(): Me {
  const me = useContext(MeContext)
  if (me === undefined) throw new Error('MeContext is missing')
  return me
}
