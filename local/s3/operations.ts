/** Every operation the local S3 has, by its name. */
import type { Deliver } from '../front/service.ts';
import {
  deleteBucketPolicy,
  getBucketNotification,
  getBucketPolicy,
  getBucketVersioning,
  putBucketNotification,
  putBucketPolicy,
  putBucketVersioning,
} from './bucket-configuration.ts';
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  headBucket,
  listBuckets,
} from './bucket-operations.ts';
import type { S3Call } from './call.ts';
import { completeMultipartUpload } from './complete-multipart-upload.ts';
import { copyObject } from './copy-object.ts';
import { abortMultipartUpload, createMultipartUpload } from './create-multipart-upload.ts';
import { deleteObject } from './delete-object.ts';
import { deleteObjects } from './delete-objects.ts';
import { notImplemented } from './errors.ts';
import { getObject } from './get-object.ts';
import { listObjects } from './list-objects.ts';
import { listMultipartUploads, listParts } from './list-uploads.ts';
import { listObjectVersions } from './list-versions.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './object-tagging.ts';
import { putObject } from './put-object.ts';
import type { Store } from './store.ts';
import { uploadPart, uploadPartCopy } from './upload-part.ts';

type Operation = (store: Store, call: S3Call, deliver: Deliver) => void | Promise<void>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  AbortMultipartUpload: abortMultipartUpload,
  CompleteMultipartUpload: completeMultipartUpload,
  CopyObject: copyObject,
  CreateBucket: createBucket,
  CreateMultipartUpload: createMultipartUpload,
  DeleteBucket: deleteBucket,
  DeleteBucketPolicy: deleteBucketPolicy,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  DeleteObjectTagging: deleteObjectTagging,
  GetBucketLocation: getBucketLocation,
  GetBucketNotificationConfiguration: getBucketNotification,
  GetBucketPolicy: getBucketPolicy,
  GetBucketVersioning: getBucketVersioning,
  GetObject: getObject,
  GetObjectTagging: getObjectTagging,
  HeadBucket: headBucket,
  HeadObject: getObject,
  ListBuckets: listBuckets,
  ListMultipartUploads: listMultipartUploads,
  ListObjectsV2: listObjects,
  ListObjectVersions: listObjectVersions,
  ListParts: listParts,
  PutBucketNotificationConfiguration: putBucketNotification,
  PutBucketPolicy: putBucketPolicy,
  PutBucketVersioning: putBucketVersioning,
  PutObject: putObject,
  PutObjectTagging: putObjectTagging,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
};

/**
 * Runs the operation of a call.
 * @throws the operation's refusals, or NotImplemented for a name without an operation
 */
export async function runOperation(store: Store, call: S3Call, deliver: Deliver): Promise<void> {
  const operation = OPERATIONS[call.operation];
  if (operation === undefined) throw notImplemented(call.operation);
  await operation(store, call, deliver);
}
