/**
 * Decides which reasons an enabling event takes back: those against its own key that it is the very opposite of, and no
 * others. A new grant, or a cancelled deletion, says nothing about a key that was disabled just before.
 */
import {
  atMs,
  isSameKey,
  type KeySignal,
  provenUntilMs,
  reasonsIn,
  withProof,
} from '../tenant/key-signal.ts';
import { mayTurn } from '../tenant/status.ts';
import { currentKekArns, type Tenant } from '../tenant/tenant.ts';
import { wholeSecondMs } from './settled.ts';

/** The reasons that each event takes back. */
const OPPOSITES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  // A key whose deletion was cancelled is disabled, and then enabled like any other.
  ['EnableKey', new Set(['DisableKey', 'ScheduleKeyDeletion', 'ERR_TENANT_KEY_UNUSABLE'])],
  [
    'ImportKeyMaterial',
    new Set([
      'DeleteImportedKeyMaterial',
      'DeleteExpiredKeyMaterial',
      'KMS Imported Key Material Expiration',
      'ERR_TENANT_KEY_UNUSABLE',
    ]),
  ],
]);

/** True when an event of that name takes anything back. */
export function takesBack(name: string): boolean {
  return OPPOSITES.has(name);
}

/** Takes back what the event undoes. The tenant stays revoked: every key has to be proven first. */
export function takenBack(tenant: Tenant, keySignal: KeySignal): Tenant | undefined {
  if (!mayTurn(tenant, 'reactivate')) return undefined;
  const keys = currentKekArns(tenant);
  const reasons = reasonsIn(tenant.signal);
  const undone = reasons.filter(
    (reason) => isOpposite(keySignal, reason) && isSameKey(reason, keySignal, keys),
  );
  const proof = proofBy(keySignal, undone);
  if (proof === undefined) return undefined;
  if (undone.length === 0 && atMs(proof) <= provenUntilMs(proof, tenant.signal, keys)) return undefined;
  const standing = reasons.filter((reason) => !undone.includes(reason));
  return { ...tenant, signal: withProof(tenant.signal, { proof, reasons: standing }, keys) };
}

function isOpposite(keySignal: KeySignal, reason: KeySignal): boolean {
  return OPPOSITES.get(keySignal.name)?.has(reason.name) === true && atMs(reason) < atMs(keySignal);
}

/** Returns the proof that an enabling event is of its key by itself, whenever it is heard. */
function proofBy(keySignal: KeySignal, undone: readonly KeySignal[]): KeySignal | undefined {
  // KMS enables no key that lacks its material. But a key that gets its material back may have been disabled meanwhile.
  if (keySignal.name === 'EnableKey') return keySignal;
  if (undone.length === 0) return undefined;
  const newestMs = Math.max(...undone.map(atMs));
  return { ...keySignal, at: new Date(wholeSecondMs(newestMs) + 1000).toISOString() };
}
