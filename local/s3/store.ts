/** The parts with which the operations of the local S3 work. */
import type { DatabaseSync } from 'node:sqlite';
import type { Authorizer } from '../iam/authorizer.ts';
import type { Clock } from '../front/service.ts';
import type { Bodies } from './bodies.ts';
import type { Buckets } from './buckets.ts';
import type { Contents } from './contents.ts';
import type { Notifications } from './notifications.ts';
import type { PendingWrites } from './pending-writes.ts';
import type { Uploads } from './uploads.ts';
import type { Versions } from './versions.ts';

export interface Store {
  readonly database: DatabaseSync;
  readonly bodies: Bodies;
  readonly contents: Contents;
  readonly buckets: Buckets;
  readonly versions: Versions;
  readonly uploads: Uploads;
  readonly pendingWrites: PendingWrites;
  readonly notifications: Notifications;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** Returns a number that grows with every call, across restarts, and orders the changes of a key. */
  nextSequence(): number;
}
