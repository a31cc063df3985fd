import { startBodies } from './schemas/operations.ts'
import type { OperationSegment } from './schemas/payloads.ts'
import { compileValidator, type Problem } from './validate.ts'

/** What is wrong with the body of a start request; undefined for a segment that does not exist. */
export function startProblems(segment: string, body: unknown): readonly Problem[] | undefined {
  const known = (Object.keys(startBodies) as OperationSegment[]).find(one => one === segment)
  return known && compileValidator(startBodies[known])(body)
}
