/**
 * AWS's prices of requests in us-east-1, in dollars per million, as of December 2026, without free tiers and volume
 * discounts. An operation without a price here is an error, so that nothing counts as free by mistake.
 */
import type { CountedCall } from './counted.ts';

/** https://aws.amazon.com/s3/pricing/: two classes of requests; deletes are free. */
const S3_WRITE = 5;
const S3_READ = 0.4;
const FREE = 0;
/** https://aws.amazon.com/dynamodb/pricing/on-demand/: a unit is 1 KB written or 4 KB read with strong consistency. */
const DYNAMODB_WRITE_UNIT = 0.625;
const DYNAMODB_READ_UNIT = 0.125;
/** https://aws.amazon.com/kms/pricing/ */
const KMS = 3;
/** https://aws.amazon.com/sqs/pricing/: 0.40 for a standard queue, and 0.10 more with message groups (fair queues). */
const SQS = 0.5;

/** Dollars per million units, by service and operation. */
const PRICES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  s3: {
    PutObject: S3_WRITE,
    CopyObject: S3_WRITE,
    CreateMultipartUpload: S3_WRITE,
    UploadPart: S3_WRITE,
    CompleteMultipartUpload: S3_WRITE,
    ListObjectsV2: S3_WRITE,
    ListObjectVersions: S3_WRITE,
    GetObject: S3_READ,
    HeadObject: S3_READ,
    GetObjectTagging: S3_READ,
    DeleteObject: FREE,
    DeleteObjects: FREE,
    AbortMultipartUpload: FREE,
  },
  dynamodb: {
    PutItem: DYNAMODB_WRITE_UNIT,
    UpdateItem: DYNAMODB_WRITE_UNIT,
    DeleteItem: DYNAMODB_WRITE_UNIT,
    BatchWriteItem: DYNAMODB_WRITE_UNIT,
    TransactWriteItems: DYNAMODB_WRITE_UNIT,
    GetItem: DYNAMODB_READ_UNIT,
    BatchGetItem: DYNAMODB_READ_UNIT,
    Query: DYNAMODB_READ_UNIT,
  },
  kms: { GenerateDataKey: KMS, Decrypt: KMS },
  sqs: {
    SendMessage: SQS,
    SendMessageBatch: SQS,
    ReceiveMessage: SQS,
    DeleteMessage: SQS,
    DeleteMessageBatch: SQS,
    ChangeMessageVisibility: SQS,
    ChangeMessageVisibilityBatch: SQS,
  },
};

/** Returns what AWS bills for a million of these calls, in dollars. */
export function dollarsPerMillion(calls: readonly CountedCall[]): number {
  return calls.reduce((dollars, call) => dollars + call.units * priceOf(call), 0);
}

function priceOf({ service, operation }: CountedCall): number {
  const price = PRICES[service]?.[operation];
  if (price === undefined) throw new Error(`bench/cost/prices.ts has no price for ${service} ${operation}`);
  return price;
}
