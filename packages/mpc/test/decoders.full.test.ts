import { fuzzDecoders } from './fuzzing.ts'

fuzzDecoders(100_000)
