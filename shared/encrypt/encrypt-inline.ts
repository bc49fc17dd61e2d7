/**
 * Encrypts a small object into one message under its own name: FORMAT rules 28 to 32. It has no plan and no receipt:
 * the conditional write is what makes it idempotent. The source is deleted only after S3 has taken the message.
 */
import { encrypt } from '../envelope/message/encrypt.ts';
import { type Keys, kekOf } from '../envelope/kms/kek.ts';
import { SourceChangedError, SourceUnreadableError } from '../errors.ts';
import { encodeClearPart, headLine, type InlineClearPart } from '../manifest/inline.ts';
import { INLINE_FORMAT, inlineContext } from '../object/context.ts';
import { MAX_INLINE_BYTES } from '../object/geometry.ts';
import { planOf } from '../object/plan.ts';
import type { Upload } from '../object/source-version.ts';
import type { Sources, WholeSource } from '../ports/sources.ts';
import type { State } from '../ports/state.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { JobOutcome } from './outcome.ts';
import { isTakenCareOf, type Placed, placeInline, type PlacePorts, type PlaceWork } from './place-inline.ts';
import { noteUnreadable, type UnreadablePorts } from './unreadable.ts';

export interface InlinePorts extends UnreadablePorts, PlacePorts {
  readonly state: UnreadablePorts['state'] & PlacePorts['state'] & Pick<State, 'createPlan'>;
  readonly sources: Pick<Sources, 'readWhole' | 'remove'>;
  readonly keys: Keys;
  /** Runs the work once there is room for so many bytes. */
  readonly admit: <T>(bytes: number, work: () => Promise<T>) => Promise<T>;
}

/** One small upload, its tenant, and the signal that stops the work on it. */
export interface InlineWork extends Upload, PlaceWork {
  readonly tenant: Tenant;
}

/** Does the job of a small object. Throws as `encryptJob` says. */
export async function encryptInline(work: InlineWork, ports: InlinePorts): Promise<JobOutcome> {
  const { tenantId, objectId } = work;
  const outcome = await ports.admit(work.sizeBytes, async () => await encryptUnlessGone(work, ports));
  if (outcome !== 'sealed') await ports.sources.remove(work.source);
  return { tenantId, objectId, outcome, objectSealed: outcome !== 'sealed' };
}

type Outcome = Placed | 'sealed';

async function encryptUnlessGone(work: InlineWork, ports: InlinePorts): Promise<Outcome> {
  try {
    return await encryptAndPlace(work, await ports.sources.readWhole(work, work.signal), ports);
  } catch (error) {
    if (error instanceof SourceChangedError && (await isTakenCareOf(work, ports))) return 'sealed';
    if (error instanceof SourceUnreadableError) throw await planUnreadable(error, work, ports);
    throw error;
  }
}

async function encryptAndPlace(
  work: InlineWork,
  { content, description }: WholeSource,
  ports: InlinePorts,
): Promise<Outcome> {
  const { tenant, tenantId, objectId, key, sizeBytes, signal } = work;
  const clear = clearPartOf(work, ports.now());
  const { attributes, checksums, modifiedAt } = description;
  const head = headLine({ clear, key, attributes, checksums });
  using message = await encrypt(
    kekOf(tenant, ports.keys),
    { bytes: head.length + sizeBytes, content: withHead(head, content), signal },
    inlineContext(tenantId, objectId),
  );
  return await placeInline(work, { body: message.content, clear: encodeClearPart(clear), modifiedAt }, ports);
}

function clearPartOf({ tenant, objectId, sizeBytes, source }: InlineWork, now: Date): InlineClearPart {
  const { tenantId, kekArn, epoch } = tenant;
  const { versionId: sourceVersionId, sequencer, uploadedAt } = source;
  const sealedAt = now.toISOString();
  return {
    format: INLINE_FORMAT,
    tenantId,
    objectId,
    sizeBytes,
    kekArn,
    epoch,
    sourceVersionId,
    sequencer,
    uploadedAt,
    sealedAt,
  };
}

/**
 * Puts the head before the content. It is no generator: one that has not begun, or that waits for a silent source,
 * closes nothing, and the connection to S3 would stay open for each job that KMS refuses.
 */
function withHead(head: Uint8Array, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const pieces = content[Symbol.asyncIterator]();
      let isHeadTaken = false;
      return {
        async next() {
          if (isHeadTaken) return await pieces.next();
          isHeadTaken = true;
          return { done: false, value: head };
        },
        async return() {
          await pieces.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** Plans the upload, so that the plan remembers the refusal, and the watch does not send it again. */
async function planUnreadable(
  error: SourceUnreadableError,
  work: InlineWork,
  ports: InlinePorts,
): Promise<SourceUnreadableError> {
  const choices = { kekArn: work.tenant.kekArn, chunkBytes: MAX_INLINE_BYTES, plannedAt: ports.now() };
  return await noteUnreadable(error, await ports.state.createPlan(planOf(work, choices)), ports);
}
