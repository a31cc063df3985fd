import type { Service } from '../../service.ts'
import {
  createBucket,
  deleteBucket,
  deleteBucketPolicy,
  getBucketEncryption,
  getBucketLocation,
  getBucketPolicy,
  getBucketVersioning,
  getPublicAccessBlock,
  headBucket,
  listBuckets,
  putBucketPolicy,
  putBucketVersioning,
  putPublicAccessBlock,
} from './buckets.ts'
import { deleteObject, getObject, headObject, listObjects, putObject } from './objects.ts'

export const s3: Service = {
  name: 's3',
  protocol: 'rest-xml',
  client: () => import('@aws-sdk/client-s3'),
  operations: {
    CreateBucket: createBucket,
    DeleteBucket: deleteBucket,
    DeleteBucketPolicy: deleteBucketPolicy,
    DeleteObject: deleteObject,
    GetBucketEncryption: getBucketEncryption,
    GetBucketLocation: getBucketLocation,
    GetBucketPolicy: getBucketPolicy,
    GetBucketVersioning: getBucketVersioning,
    GetObject: getObject,
    GetPublicAccessBlock: getPublicAccessBlock,
    HeadBucket: headBucket,
    HeadObject: headObject,
    ListBuckets: listBuckets,
    ListObjectsV2: listObjects,
    PutBucketPolicy: putBucketPolicy,
    PutBucketVersioning: putBucketVersioning,
    PutObject: putObject,
    PutPublicAccessBlock: putPublicAccessBlock,
  },
}
