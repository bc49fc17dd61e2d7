/** Takes uploads through a fleet. */
import { encrypt, type Fleet, ingest } from './fleet.ts';
import type { Mishap } from './gate.ts';
import { pass } from './virtual-time.ts';

interface Upload {
  readonly tenant: string;
  readonly key: string;
  readonly bytes: number;
}

const SPACE_MS = 4_000;

/** Uploads an object, plans it, and does the jobs that are due in one sandbox. */
export async function workThrough(
  fleet: Fleet,
  upload: Upload,
  { sandbox, trouble }: { readonly sandbox: number; readonly trouble?: Mishap | undefined },
): Promise<void> {
  await uploadSpaced(fleet, upload);
  await ingest(fleet);
  await encrypt(fleet, { sandbox }, trouble);
}

/** Uploads an object so late after one of the same name that, if need be, the seconds alone tell which is newer. */
export async function uploadSpaced(
  { account }: Fleet,
  { tenant, key, bytes }: Upload,
  notified: boolean = true,
): Promise<void> {
  const before = account.uploads.findLast((other) => other.tenantId === tenant && other.key === key);
  if (before !== undefined && Date.now() - before.atMs < SPACE_MS) await pass(SPACE_MS);
  account.upload(tenant, key, bytes, notified);
}
