#!/usr/bin/env node
import { runUnderPinnedNode } from '../lib/bin.mjs'

await runUnderPinnedNode('apps/deployer/src/main.ts')
