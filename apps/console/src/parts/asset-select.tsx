import { NativeSelect } from '@mantine/core'
import type { ResponseOf } from '@trivault/api-contract'

export type Asset = ResponseOf<'cwpsearchAssetInfos'>[number]

/** One of the registered assets, by its CAIP-19 id. */
export function AssetSelect(props: { assets: readonly Asset[]; value: string; onChange: (caip19: string) => void }) {
  const { assets, value, onChange } = props
  return (
    <NativeSelect
      label="Asset"
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
      data={assets.map(({ CAIP19, Symbol: symbol, ChainName }) => ({
        value: CAIP19,
        label: `${symbol} on ${ChainName}`,
      }))}
    />
  )
}
