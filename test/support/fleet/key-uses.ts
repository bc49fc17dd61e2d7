/**
 * Who used which key when, seen from outside the product: a DEK comes from an answer of KMS, whose wrapped DEK stands
 * in the header of every message it protects; or a branch key does, whose version stands there. So every message that
 * is written, and every frame that is released, tells how long ago KMS allowed its key, and in which epoch of the tenant.
 */
import { everyKekArn, type Tenant } from '../../../shared/tenant/tenant.ts';

export interface KeyUses {
  /** KMS answered a sandbox with what a KEK unwraps; `mark` stands in the header of every message it is for. */
  answered(sandbox: string, kekArn: string, mark: Uint8Array): void;
  /** The state table has another record of the tenant; only another epoch or status matters. */
  changed(tenant: Tenant): void;
  /** From now on there is no record of the tenant, or there is one again: until then no key of its may be used. */
  isEdited(tenantId: string, isEdited: boolean): void;
  /** A sandbox used the key of a message that it began at `begunMs`. */
  used(sandbox: string, tenantId: string, message: Uint8Array, begunMs: number): void;
  /** Every use beyond its bound. */
  readonly violations: readonly string[];
  /** How many uses there were of a key that an earlier message was the cause of asking for. */
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

/** From the tenant's epoch changing to the last use of an older key, or of any key of a revoked tenant. */
const STOP_MS = 1000;
/** A header takes less. */
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
      const broken = beyondBound(answer, history, begunMs, nowMs);
      const editedMs = nowMs - (editedAtMs.get(tenantId) ?? nowMs);
      if (editedMs > STOP_MS)
        violations.push(`${sandbox} used a key of ${tenantId}, of which there is no record`);
      if (broken !== undefined) violations.push(`${sandbox} used a key of ${tenantId}: ${broken}`);
    },
  };
}

/** Which bound a use is beyond; undefined where it keeps them all. */
function beyondBound(
  answer: Answer | undefined,
  history: readonly Change[],
  begunMs: number,
  nowMs: number,
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
