#!/usr/bin/env node
import { runUnderPinnedNode } from '../lib/bin.mjs'

await runUnderPinnedNode('apps/recovery/src/main.ts')
