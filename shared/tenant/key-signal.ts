/**
 * What was heard of a tenant's keys. Everything heard is about one key: a reason stands against that key until
 * something proves the same key since, and a proof makes whatever is older about its key say nothing any more. What
 * is heard of one replica of a multi-Region key therefore proves nothing about another.
 */
import * as z from 'zod';

/** One thing heard. */
export interface KeySignal {
  /** An event of KMS (`DisableKey`), an error code of ours (`ERR_TENANT_KEY_DENIED`), `probe`, `registered`, … */
  readonly name: string;
  /** ISO 8601, UTC: when it happened, as far as it proves anything. */
  readonly at: string;
  /** The full ARN of the key that it is about. Absent from a proof: about all of them; from a reason: about an unknown one. */
  readonly kekArn?: string | undefined;
}

/** What last decided about the tenant, and all that counts of what was heard of its keys. */
export interface TenantSignal extends KeySignal {
  /** What stands against its keys. Absent (earlier versions): the signal itself, if it is a reason. */
  readonly reasons?: readonly KeySignal[] | undefined;
  /** The newest proof of each key. Absent (earlier versions): the signal itself, if it is a proof. */
  readonly proofs?: readonly KeySignal[] | undefined;
  /** Counts what was noted in this epoch, so that one note never overwrites another. */
  readonly notes?: number | undefined;
}

const keySignal = { name: z.string().min(1), at: z.iso.datetime(), kekArn: z.string().optional() };
const keySignals = z.array(z.object(keySignal)).optional();

export const tenantSignalSchema: z.ZodType<TenantSignal> = z.object({
  ...keySignal,
  reasons: keySignals,
  proofs: keySignals,
  notes: z.int().min(0).optional(),
});

/** Earlier versions joined the reasons in one name. */
const JOINT = ' and ';

/** Those that say nothing against a key. A name that is not known is a reason. */
const PROOFS: ReadonlySet<string> = new Set([
  'registered',
  'probe',
  'suspended',
  'resumed',
  'offboarding',
  'offboarded',
  'EnableKey',
  'CancelKeyDeletion',
  'ImportKeyMaterial',
  'CreateGrant',
]);

export function isReason({ name }: KeySignal): boolean {
  return !PROOFS.has(name);
}

/** What stands against the keys. */
export function reasonsIn({ reasons, name, at, kekArn }: TenantSignal): readonly KeySignal[] {
  if (reasons !== undefined) return reasons;
  return PROOFS.has(name) ? [] : name.split(JOINT).map((one) => ({ name: one, at, kekArn }));
}

function proofsIn({ proofs, name, at, kekArn }: TenantSignal): readonly KeySignal[] {
  if (proofs !== undefined) return proofs;
  return PROOFS.has(name) ? [{ name, at, kekArn }] : [];
}

/** Whether two signals are surely about the same one of the tenant's `keys`. */
export function isSameKey(one: KeySignal, other: KeySignal, keys: readonly string[]): boolean {
  return keys.length === 1 || (one.kekArn !== undefined && one.kekArn === other.kekArn);
}

/** Until when nothing that is heard of the signal's key is news: milliseconds since 1970. */
export function provenUntilMs(signal: KeySignal, heard: TenantSignal, keys: readonly string[]): number {
  const proofs = proofsIn(heard).filter((proof) => proves(proof, signal, keys));
  return Math.max(Number.NEGATIVE_INFINITY, ...proofs.map(atMs));
}

/** A reason turns the tenant: it is the only one that stands against its keys. */
export function against(heard: TenantSignal, reason: KeySignal): TenantSignal {
  return { ...reason, reasons: [reason], proofs: proofsIn(heard) };
}

/** A reason beside others; undefined when it is known already. One name about one key is kept once, the newest. */
export function withReason(heard: TenantSignal, reason: KeySignal): TenantSignal | undefined {
  const reasons = reasonsIn(heard);
  const alike = reasons.filter(({ name, kekArn }) => name === reason.name && kekArn === reason.kekArn);
  if (alike.some((known) => atMs(known) >= atMs(reason))) return undefined;
  const others = reasons.filter((known) => !alike.includes(known));
  const last = atMs(reason) > atMs(heard) ? reason : lastOf(heard);
  return noted(heard, { ...last, reasons: [...others, reason], proofs: proofsIn(heard) });
}

/** A proof of one key; of the reasons, those that still stand. */
export function withProof(
  heard: TenantSignal,
  { proof, reasons }: { readonly proof: KeySignal; readonly reasons: readonly KeySignal[] },
  keys: readonly string[],
): TenantSignal {
  return noted(heard, { ...lastOf(heard), reasons, proofs: newestOfEach([...proofsIn(heard), proof], keys) });
}

/** Nothing stands against the keys any more. `proof`: of them all, beside what is proven of each. */
export function proven(heard: TenantSignal, proof: KeySignal, keys: readonly string[]): TenantSignal {
  const proofs = newestOfEach([...proofsIn(heard), proof], keys);
  const newest = proofs.reduce((one, other) => (atMs(other) > atMs(one) ? other : one), proof);
  return { ...newest, reasons: [], proofs };
}

export function atMs({ at }: KeySignal): number {
  return Date.parse(at);
}

function noted({ notes = 0 }: TenantSignal, next: TenantSignal): TenantSignal {
  return { ...next, notes: notes + 1 };
}

function lastOf({ name, at, kekArn }: TenantSignal): KeySignal {
  return { name, at, kekArn };
}

function proves(proof: KeySignal, signal: KeySignal, keys: readonly string[]): boolean {
  return proof.kekArn === undefined || isSameKey(proof, signal, keys);
}

/** So that they are no more than the keys. */
function newestOfEach(proofs: readonly KeySignal[], keys: readonly string[]): readonly KeySignal[] {
  const newest = keys.map((kekArn) => {
    const own = proofs.filter((proof) => proves(proof, { ...proof, kekArn }, keys));
    return own.toSorted((one, other) => atMs(other) - atMs(one))[0];
  });
  return [...new Set(newest.filter((proof) => proof !== undefined))];
}
