/** The buckets, their owners and their configurations. Their names are global, as in AWS. */
import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import type { PolicyDocument } from '../iam/authorizer.ts';
import { parsePolicy } from '../iam/policy-validation.ts';
import { noSuchBucket } from './errors.ts';
import { type NotificationConfiguration, notificationSchema } from './notification-configuration.ts';
import { jsonColumn } from './row.ts';

export interface Bucket {
  readonly name: string;
  /** The account that created the bucket. It owns the bucket and every object in it. */
  readonly accountId: string;
  readonly region: string;
  readonly createdMs: number;
  /** Undefined until versioning is first configured. */
  readonly versioning?: Versioning;
  readonly policy?: PolicyDocument;
  readonly notification: NotificationConfiguration;
}

export type Versioning = 'Enabled' | 'Suspended';

export interface Buckets {
  find(name: string): Bucket | undefined;
  /** @throws NoSuchBucket */
  get(name: string): Bucket;
  ownedBy(accountId: string): readonly Bucket[];
  /** Stores a new bucket, or the new configuration of one. */
  put(bucket: Bucket): void;
  remove(name: string): void;
}

const row = z.object({
  name: z.string(),
  account_id: z.string(),
  region: z.string(),
  created_ms: z.int(),
  versioning: z.enum(['Enabled', 'Suspended']).nullable(),
  policy: z.string().nullable(),
  notification: jsonColumn(notificationSchema),
});

export function createBuckets(database: DatabaseSync): Buckets {
  const select = database.prepare('SELECT * FROM buckets WHERE name = ?');
  const owned = database.prepare('SELECT * FROM buckets WHERE account_id = ? ORDER BY name');
  const upsert = database.prepare('INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM buckets WHERE name = ?');
  // Every request asks for its bucket, so each policy and notification configuration is parsed once.
  const cache = new Map<string, Bucket>();
  const find = (name: string): Bucket | undefined => {
    const cached = cache.get(name);
    if (cached !== undefined) return cached;
    const found = select.get(name);
    if (found === undefined) return undefined;
    const bucket = bucketOf(found);
    cache.set(name, bucket);
    return bucket;
  };
  return {
    find,
    get(name) {
      const bucket = find(name);
      if (bucket === undefined) throw noSuchBucket(name);
      return bucket;
    },
    ownedBy: (accountId) => owned.all(accountId).map(bucketOf),
    put({ name, accountId, region, createdMs, versioning, policy, notification }) {
      const json = [policy === undefined ? null : JSON.stringify(policy), JSON.stringify(notification)];
      upsert.run(name, accountId, region, createdMs, versioning ?? null, ...json);
      cache.delete(name);
    },
    remove(name) {
      remove.run(name);
      cache.delete(name);
    },
  };
}

function bucketOf(value: unknown): Bucket {
  const { account_id, created_ms, versioning, policy, ...same } = row.parse(value);
  return {
    ...same,
    accountId: account_id,
    createdMs: created_ms,
    versioning: versioning ?? undefined,
    policy: policy === null ? undefined : parsePolicy(policy, 'resource'),
  };
}
