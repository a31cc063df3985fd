import { runRecovery } from './run.ts'

process.exitCode = await runRecovery(
  process.argv.slice(2),
  text => process.stdout.write(text),
  text => process.stderr.write(text),
)
