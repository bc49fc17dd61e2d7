/**
 * The signals that were heard of a tenant's keys. A signal is about one key, and is a reason or a proof. A reason
 * stands against its key until something proves the same key later. A proof makes every older signal about its key say
 * nothing any more. So a signal about one replica of a multi-Region key proves nothing about another replica.
 */
import * as z from 'zod';

/** One signal about one key. */
export interface KeySignal {
  /**
   * The name of an event of KMS (`DisableKey`), an error code of ours (`ERR_TENANT_KEY_DENIED`), `probe`,
   * `registered`, …
   */
  readonly name: string;
  /** The time that it proves something of. ISO 8601, UTC. */
  readonly at: string;
  /**
   * The full ARN of its key. A proof without one is about all of the tenant's keys, a reason without one about an
   * unknown key.
   */
  readonly kekArn?: string | undefined;
}

/** The signal that last decided about the tenant, with all signals about its keys that still count. */
export interface TenantSignal extends KeySignal {
  /**
   * The reasons that stand against its keys. Absent from a record of an earlier version: there the signal itself is the
   * only one, if it is a reason.
   */
  readonly reasons?: readonly KeySignal[] | undefined;
  /**
   * The newest proof of each key. Absent from a record of an earlier version: there the signal itself is the only one,
   * if it is a proof.
   */
  readonly proofs?: readonly KeySignal[] | undefined;
  /** The number of signals noted in this epoch. It keeps one note from overwriting another. */
  readonly notes?: number | undefined;
}

const keySignalShape = { name: z.string().min(1), at: z.iso.datetime(), kekArn: z.string().optional() };
const keySignals = z.array(z.object(keySignalShape)).optional();

export const tenantSignalSchema: z.ZodType<TenantSignal> = z.object({
  ...keySignalShape,
  reasons: keySignals,
  proofs: keySignals,
  notes: z.int().min(0).optional(),
});

/** Earlier versions joined the names of all reasons in one name. */
const JOINT = ' and ';

/**
 * The names of proofs, which say nothing against a key. Every other name is a reason, also a name that we do not know.
 */
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

/** Returns the reasons that stand against the keys. */
export function reasonsIn({ reasons, name, at, kekArn }: TenantSignal): readonly KeySignal[] {
  if (reasons !== undefined) return reasons;
  return PROOFS.has(name) ? [] : name.split(JOINT).map((one) => ({ name: one, at, kekArn }));
}

function proofsIn({ proofs, name, at, kekArn }: TenantSignal): readonly KeySignal[] {
  if (proofs !== undefined) return proofs;
  return PROOFS.has(name) ? [{ name, at, kekArn }] : [];
}

/** True when two signals are surely about the same one of the tenant's `keys`. */
export function isSameKey(one: KeySignal, other: KeySignal, keys: readonly string[]): boolean {
  return keys.length === 1 || (one.kekArn !== undefined && one.kekArn === other.kekArn);
}

/**
 * Returns the time until which the signal's key is proven, in milliseconds since 1970: an older signal about it is no
 * news.
 */
export function provenUntilMs(keySignal: KeySignal, heard: TenantSignal, keys: readonly string[]): number {
  const proofs = proofsIn(heard).filter((proof) => proves(proof, keySignal, keys));
  return Math.max(Number.NEGATIVE_INFINITY, ...proofs.map(atMs));
}

/** Returns the signal of a tenant that `reason` turns: no other reason stands against its keys. */
export function against(heard: TenantSignal, reason: KeySignal): TenantSignal {
  return { ...reason, reasons: [reason], proofs: proofsIn(heard) };
}

/**
 * Adds a reason to the others. Returns undefined when it is known already. Of several reasons with one name about one
 * key only the newest is kept.
 */
export function withReason(heard: TenantSignal, reason: KeySignal): TenantSignal | undefined {
  const reasons = reasonsIn(heard);
  const alike = reasons.filter(({ name, kekArn }) => name === reason.name && kekArn === reason.kekArn);
  if (alike.some((known) => atMs(known) >= atMs(reason))) return undefined;
  const others = reasons.filter((known) => !alike.includes(known));
  const last = atMs(reason) > atMs(heard) ? reason : lastOf(heard);
  return noted(heard, { ...last, reasons: [...others, reason], proofs: proofsIn(heard) });
}

/** Adds a proof of one key. `reasons`: those that still stand. */
export function withProof(
  heard: TenantSignal,
  { proof, reasons }: { readonly proof: KeySignal; readonly reasons: readonly KeySignal[] },
  keys: readonly string[],
): TenantSignal {
  return noted(heard, { ...lastOf(heard), reasons, proofs: newestOfEach([...proofsIn(heard), proof], keys) });
}

/** Returns the signal of a tenant against whose keys nothing stands any more. `proof`: a proof of all of them. */
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

function proves(proof: KeySignal, keySignal: KeySignal, keys: readonly string[]): boolean {
  return proof.kekArn === undefined || isSameKey(proof, keySignal, keys);
}

/** Keeps the newest proof of each key, so that there are never more proofs than keys. */
function newestOfEach(proofs: readonly KeySignal[], keys: readonly string[]): readonly KeySignal[] {
  const newest = keys.map((kekArn) => {
    const own = proofs.filter((proof) => proves(proof, { ...proof, kekArn }, keys));
    return own.toSorted((one, other) => atMs(other) - atMs(one))[0];
  });
  return [...new Set(newest.filter((proof) => proof !== undefined))];
}
