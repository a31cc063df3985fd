import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { say } from './say.mjs'

/** Runs `work` while no other launch of this checkout does; a lock whose owner died is taken over. */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true })
  for (let told = false; !tryLock(file); told = true) {
    if (!told) say('another launch is installing; waiting for it')
    await sleep(250)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function tryLock(file) {
  try {
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  if (!ownerLives(file)) rmSync(file, { force: true })
  return false
}

function ownerLives(file) {
  try {
    const owner = Number(readFileSync(file, 'utf8'))
    // Just created and not written yet: somebody is at it.
    if (!owner) return true
    return readFileSync(`/proc/${owner}/cmdline`, 'utf8').includes('launch.mjs')
  } catch {
    return false
  }
}
