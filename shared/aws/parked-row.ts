/**
 * A row among a tenant's parked jobs, as it is read. A row that is no job of this tenant goes where an operator finds
 * it: it can never be unparked, and it must not keep back those behind it. Nothing is lost: the upload that the row may
 * have been about is still in the ingest bucket, where the watch finds it.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { parseJob } from '../object/job.ts';
import { JobInvalidError } from '../errors.ts';
import type { ParkedJob, UnreadableRow } from '../ports/parking.ts';
import type { Rejection } from '../ports/state.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { ItemKey } from './state-keys.ts';

/** The job is kept as its message's body, so that what goes back on the queue is what came from it. */
const itemSchema = z.object({ sk: z.string(), job: z.string() });
const keySchema = z.object({ pk: z.string(), sk: z.string() });
/** An item of the state table holds 400 KB. */
const MAX_BODY_CHARS = 65_536;

/** @throws JobInvalidError when the row is no job of this tenant */
export function parseParked(row: unknown, tenantId: TenantId): ParkedJob {
  const { data } = itemSchema.safeParse(row);
  if (data === undefined) throw new JobInvalidError('the row holds no job');
  const job = parseJob(data.job);
  if (job.tenantId === tenantId) return { job, arrival: data.sk };
  throw new JobInvalidError(`the row holds a job of tenant ${job.tenantId}`);
}

export interface SetAside {
  readonly key: ItemKey;
  readonly rejection: Rejection;
  readonly told: UnreadableRow;
}

/** Makes a rejection of a row. */
export function setAside(row: unknown, { code, message }: JobInvalidError, now: Date): SetAside {
  const key = keySchema.parse(row);
  const name = `pk ${key.pk}, sk ${key.sk}`;
  // The id follows from the row alone, so two who set it aside at the same time make one rejection.
  const id = createHash('sha256').update(`${key.pk}#${key.sk}`).digest('hex');
  const body = JSON.stringify(row).slice(0, MAX_BODY_CHARS);
  return {
    key,
    rejection: {
      id,
      sentAt: sentAt(key.sk),
      functionName: 'unpark',
      code,
      message: `${name}: ${message}; it was set aside, and its upload is sent again by the watch if it is still there`,
      body,
      rejectedAt: now.toISOString(),
    },
    told: { row: name, reason: message },
  };
}

/** Returns the time that an arrival begins with (milliseconds in 15 digits), or 1970 where it begins otherwise. */
function sentAt(arrival: string): string {
  const [digits = '0'] = /^\d{15}(?=#)/u.exec(arrival) ?? [];
  const sent = new Date(Number(digits));
  return Number.isNaN(sent.getTime()) ? new Date(0).toISOString() : sent.toISOString();
}
