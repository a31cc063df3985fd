import { exceeds, parseDecimal, type Rate } from '@trivault/policy'
import { type IntentOf, require } from '@trivault/protocol'
import type { VaultState } from './state.ts'

type Update = IntentOf<'update rates'>['Updates'][number]

const plainDecimal = /^(0|[1-9]\d*)(\.\d+)?$/

/** The rate in canonical decimals. Throws `VaultError` malformed or bad-rate: bounds in order, and a spot rate inside them. */
export function checkRate(asset: string, rate: Rate): Rate {
  const { usdRate, usdMin, usdMax } = rate
  require(asset !== 'USD', 'bad-rate', 'the rate of USD is 1, always')
  require(/^\S{1,200}$/.test(asset), 'malformed', 'a rate is of a symbol or a CAIP-19')
  for (const text of [usdRate, usdMin, usdMax])
    require(text === undefined ||
      plainDecimal.test(text), 'malformed', `the rate of ${asset} must be a plain decimal such as 3000.5`)
  require(ordered(usdMin, usdMax), 'bad-rate', `${asset}: USDMin is above USDMax`)
  require(ordered(usdMin, usdRate) &&
    ordered(usdRate, usdMax), 'bad-rate', `${asset}: the rate is outside the approved bounds`)
  return { usdRate: canonical(usdRate), usdMin: canonical(usdMin), usdMax: canonical(usdMax) }
}

/** As intents write it: 1.5, not 1.50. */
function canonical(text: string | undefined): string | undefined {
  return text?.includes('.') ? text.replace(/\.?0+$/, '') : text
}

function ordered(low: string | undefined, high: string | undefined): boolean {
  return low === undefined || high === undefined || !exceeds(parseDecimal(low), parseDecimal(high))
}

/**
 * Does this change nothing that decisions read? A spot rate between two approved bounds: conversion goes by the bounds then
 * (protocol-notes §8).
 */
export function areSpotRates(state: VaultState, updates: readonly Update[]): boolean {
  return updates.every(({ Asset, USDRate, USDMin, USDMax }) => {
    const rate = state.rates.get(Asset)
    const bounded = rate?.usdMin !== undefined && rate.usdMax !== undefined
    return bounded && USDRate !== undefined && USDMin === undefined && USDMax === undefined
  })
}

/** Sets spot rates or bounds; an update with neither removes the rate. Throws `VaultError` bad-rate. */
export function updateRates(state: VaultState, updates: readonly Update[]): VaultState {
  const assets = new Set(updates.map(({ Asset }) => Asset))
  require(assets.size === updates.length, 'bad-rate', 'an asset is there twice')
  let { rates } = state
  for (const update of updates) {
    const rate = updated(rates.get(update.Asset), update)
    rates = rate === undefined ? rates.delete(update.Asset) : rates.set(update.Asset, checkRate(update.Asset, rate))
  }
  return { ...state, rates }
}

function updated(old: Rate | undefined, { Asset, USDRate, USDMin, USDMax }: Update): Rate | undefined {
  if (USDMin === undefined && USDMax === undefined) {
    require(USDRate !== undefined || old !== undefined, 'bad-rate', `there is no rate of ${Asset} to remove`)
    return USDRate === undefined ? undefined : { usdMin: old?.usdMin, usdMax: old?.usdMax, usdRate: USDRate }
  }
  require(USDRate === undefined, 'bad-rate', `${Asset}: give USDRate, or USDMin and USDMax, not both`)
  const [usdMin, usdMax] = [USDMin ?? old?.usdMin, USDMax ?? old?.usdMax]
  // With one bound the spot rate stands in for the other, but nobody may have approved it.
  const keep =
    usdMin !== undefined && usdMax !== undefined && ordered(usdMin, old?.usdRate) && ordered(old?.usdRate, usdMax)
  return { usdMin, usdMax, usdRate: keep ? old?.usdRate : undefined }
}
