import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amzDate, authorizationOf } from './sigv4.ts'

/** Of AWS's published test suite for Signature Version 4. */
const suite = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 'service',
}
const scope = 'Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
const utf8 = (text: string) => new TextEncoder().encode(text)

describe('Signature Version 4', () => {
  it.each([
    [
      'post-vanilla',
      { host: 'example.amazonaws.com' },
      '',
      'SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-header-key-sort',
      { host: 'example.amazonaws.com', 'my-header1': 'value1' },
      '',
      'SignedHeaders=host;my-header1;x-amz-date, Signature=c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    ],
    [
      'post-x-www-form-urlencoded',
      { host: 'example.amazonaws.com', 'content-type': 'application/x-www-form-urlencoded' },
      'Param1=value1',
      'SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ])('gives the published signature of %s', (_, headers, body, published) => {
    const authorization = authorizationOf(suite, { ...headers, 'x-amz-date': '20150830T123600Z' }, utf8(body))
    expect(authorization).toBe(`AWS4-HMAC-SHA256 ${scope}, ${published}`)
  })

  it('writes the time as AWS wants it', () => {
    expect(amzDate(Date.UTC(2015, 7, 30, 12, 36, 0, 999))).toBe('20150830T123600Z')
    expect(amzDate(Date.UTC(2026, 0, 1))).toBe('20260101T000000Z')
  })

  it('signs any request of DynamoDB as the AWS SDK does', async () => {
    const text = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 60 })
    const credentials = fc.record({
      accessKeyId: fc.stringMatching(/^AKIA[A-Z0-9]{16}$/),
      secretAccessKey: fc.stringMatching(/^[A-Za-z0-9/+]{40}$/),
    })
    let seen = 0
    await fc.assert(
      fc.asyncProperty(
        credentials,
        fc.constantFrom('eu-central-1', 'us-gov-west-1'),
        text,
        async (own, region, name) => {
          const client = new DynamoDBClient({
            ...{ region, credentials: own, maxAttempts: 1, endpoint: 'https://dynamodb.example' },
            requestHandler: {
              handle({ headers, body }: { headers: Record<string, string>; body: string }) {
                const { authorization = '' } = headers
                const names = /SignedHeaders=([^,]+),/.exec(authorization)?.[1]?.split(';') ?? []
                const signed = Object.fromEntries(names.map(header => [header, headers[header] ?? '']))
                const time = headers['x-amz-date'] ?? ''
                expect(
                  authorizationOf(
                    { ...own, region, service: 'dynamodb' },
                    { ...signed, 'x-amz-date': time },
                    utf8(body),
                  ),
                ).toBe(authorization)
                seen += 1
                throw new Error('not sent')
              },
            },
          })
          await client
            .send(new GetItemCommand({ TableName: 'anchor', Key: { record: { S: name } } }))
            .catch(() => undefined)
        },
      ),
      { numRuns: 20 },
    )
    expect(seen).toBe(20)
  })
})
