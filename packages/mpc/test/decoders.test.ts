import { fuzzDecoders } from './fuzzing.ts'

fuzzDecoders(5_000)
