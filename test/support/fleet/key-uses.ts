/**
 * Watches from outside the product who used which key when. A DEK comes from an answer of KMS, and its wrapped DEK stands
 * in the header of every message that it protects. In hierarchical mode the branch key comes from KMS, and its version
 * stands there. So every message that is written, and every frame that is released, tells how long ago KMS allowed its
 * key, and in which epoch of the tenant.
 */
import { everyKekArn, type Tenant } from '../../../shared/tenant/tenant.ts';

export interface KeyUses {
  /** Notes that KMS gave a sandbox a key. `mark` stands in the header of every message that the key protects. */
  answered(sandbox: string, kekArn: string, mark: Uint8Array): void;
  /** Notes that the state table has another record of the tenant. Only another epoch or status matters. */
  changed(tenant: Tenant): void;
  /** Notes that the tenant has no record from now on, or has one again. Until then no key of the tenant may be used. */
  isEdited(tenantId: string, isEdited: boolean): void;
  /** Notes that a sandbox used the key of a message that it began at `begunMs`. */
  used(sandbox: string, tenantId: string, message: Uint8Array, begunMs: number): void;
  /** The uses beyond their bound. */
  readonly violations: readonly string[];
  /** Returns the number of uses of a key that was asked for because of an earlier message. */
  readonly cachedUses: () => number;
  readonly uses: () => number;
}

interface Answer {
  readonly sandbox: string;
  readonly kekArn: string;
  readonly mark: Buffer;
  readonly atMs: number;
  readonly order: number;
}

interface Change {
  readonly tenant: Tenant;
  readonly atMs: number;
  readonly order: number;
}

/**
 * The longest time between a change of the tenant's epoch and the last use of an older key, or of any key once it is
 * revoked.
 */
const STOP_MS = 1000;
/** A size that no header reaches. */
const HEADER_BYTES = 4096;

export function keyUses(): KeyUses {
  const answers: Answer[] = [];
  const changes: Change[] = [];
  const editedAtMs = new Map<string, number>();
  const violations: string[] = [];
  let order = 0;
  let uses = 0;
  let cachedUses = 0;

  function latestAnswer(sandbox: string, message: Uint8Array): Answer | undefined {
    const header = Buffer.from(message.subarray(0, HEADER_BYTES));
    return answers.findLast((answer) => answer.sandbox === sandbox && header.includes(answer.mark));
  }

  return {
    violations,
    uses: () => uses,
    cachedUses: () => cachedUses,
    answered(sandbox, kekArn, mark) {
      order += 1;
      answers.push({ sandbox, kekArn, mark: Buffer.from(mark), atMs: Date.now(), order });
    },
    changed(tenant) {
      const last = changes.findLast((change) => change.tenant.tenantId === tenant.tenantId)?.tenant;
      if (last?.epoch === tenant.epoch && last.status === tenant.status) return;
      order += 1;
      changes.push({ tenant, atMs: Date.now(), order });
    },
    isEdited(tenantId, isEdited) {
      if (!isEdited) editedAtMs.delete(tenantId);
      else if (!editedAtMs.has(tenantId)) editedAtMs.set(tenantId, Date.now());
    },
    used(sandbox, tenantId, message, begunMs) {
      uses += 1;
      const nowMs = Date.now();
      const answer = latestAnswer(sandbox, message);
      const history = changes.filter(({ tenant }) => tenant.tenantId === tenantId);
      if (answer !== undefined && answer.atMs < begunMs) cachedUses += 1;
      const broken = beyondBound(answer, history, { begunMs, nowMs });
      const editedMs = nowMs - (editedAtMs.get(tenantId) ?? nowMs);
      if (editedMs > STOP_MS)
        violations.push(`${sandbox} used a key of ${tenantId}, of which there is no record`);
      if (broken !== undefined) violations.push(`${sandbox} used a key of ${tenantId}: ${broken}`);
    },
  };
}

/** Returns the bound that a use is beyond, in words. Returns undefined when the use keeps all bounds. */
function beyondBound(
  answer: Answer | undefined,
  history: readonly Change[],
  { begunMs, nowMs }: { readonly begunMs: number; readonly nowMs: number },
): string | undefined {
  const now = history.at(-1);
  if (answer === undefined || now === undefined) return 'KMS never answered it with that key';
  const { keyMode, maxKeyAgeSeconds, status } = now.tenant;
  if (!everyKekArn(now.tenant).includes(answer.kekArn)) return "it is wrapped by somebody else's";
  const ageMs = nowMs - answer.atMs;
  const cached = answer.atMs < begunMs;
  if (cached && keyMode === 'per-chunk') return 'a cached one, in per-chunk mode';
  if (cached && ageMs > maxKeyAgeSeconds * 1000) return `${ageMs} ms after KMS allowed it`;
  const missed = history.find(({ order, atMs }) => order > answer.order && nowMs > atMs + STOP_MS);
  if (missed !== undefined) return `${nowMs - missed.atMs} ms after epoch ${missed.tenant.epoch} began`;
  const isDraining = status === 'offboarding' && answer.sandbox.startsWith('encrypt');
  if (status !== 'active' && !isDraining && nowMs > now.atMs + STOP_MS)
    return `${nowMs - now.atMs} ms after it was ${status}`;
  return undefined;
}
