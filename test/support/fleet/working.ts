/** An upload's way through a fleet. */
import { encrypt, type Fleet, ingest } from './fleet.ts';
import type { Mishap } from './sandbox.ts';
import { pass } from './virtual-time.ts';

const SPACE_MS = 4_000;

export async function workThrough(
  fleet: Fleet,
  sandbox: number,
  tenant: string,
  key: string,
  bytes: number,
  trouble?: Mishap,
): Promise<void> {
  await uploadSpaced(fleet, tenant, key, bytes, true);
  await ingest(fleet, 0, 10);
  await encrypt(fleet, sandbox, 0, 10, trouble);
}

/** Which of two uploads is newer can be told, if need be, by the seconds alone. */
export async function uploadSpaced(
  { account }: Fleet,
  tenantId: string,
  key: string,
  bytes: number,
  notified: boolean,
): Promise<void> {
  const before = account.uploads.findLast((other) => other.tenantId === tenantId && other.key === key);
  if (before !== undefined && Date.now() - before.atMs < SPACE_MS) await pass(SPACE_MS);
  account.upload(tenantId, key, bytes, notified);
}
