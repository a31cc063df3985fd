import type { Providers } from '../services/cloudformation/deploy.ts'
import { bucket, bucketPolicy } from './s3.ts'

/** Resource types that the double can deploy. */
export const providers: Providers = {
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
}
