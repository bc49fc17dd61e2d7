/** A line of the table of costs: an object of one size in one key mode. */
import type { Row } from '../report.ts';
import type { KeyMode } from '../../shared/tenant/tenant.ts';
import { type CountedCall, requestsOf } from './counted.ts';
import { dollarsPerMillion } from './prices.ts';

const TIB = 2 ** 40;
const MILLION = 1_000_000;

/** An object whose requests were counted. */
export interface Cost {
  readonly size: string;
  readonly objectBytes: number;
  readonly keyMode: KeyMode;
  /** The calls of one object: a call that serves several objects counts by their shares of it. */
  readonly calls: readonly CountedCall[];
}

export function rowOf({ size, objectBytes, keyMode, calls }: Cost): Row {
  const dollars = dollarsPerMillion(calls);
  return {
    Object: size,
    'Key mode': `\`${keyMode}\``,
    S3: requestsOf(calls, 's3'),
    DynamoDB: requestsOf(calls, 'dynamodb'),
    KMS: requestsOf(calls, 'kms'),
    SQS: requestsOf(calls, 'sqs'),
    Requests: requestsOf(calls),
    '$ per million': dollars,
    '$ per TiB': (dollars / MILLION) * (TIB / objectBytes),
  };
}
