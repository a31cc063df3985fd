#!/usr/bin/env node
import { runUnderPinnedNode } from '../lib/bin.mjs'

await runUnderPinnedNode('apps/cli/src/main.ts')
