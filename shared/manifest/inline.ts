/**
 * FORMAT rules 28 to 31: a small object that rests as one message. The first line of its content is the head, which
 * says what a manifest says of a larger object. The clear part of the head also rests beside the message, in S3's user
 * metadata, so that it can be read without the tenant's key.
 */
import * as z from 'zod';
import { ManifestInvalidError } from '../errors.ts';
import { INLINE_FORMAT } from '../object/context.ts';
import type { Entry } from '../ports/vault.ts';
import {
  factsShape,
  type ObjectFacts,
  parsePart,
  requireSealedAs,
  type SealedCopy,
  sealedCopySchema,
} from './sealed-part.ts';

/** The part that anybody who may read the vault may know. */
export interface InlineClearPart extends ObjectFacts {
  readonly format: typeof INLINE_FORMAT;
  /** The time of the upload, ISO 8601, UTC. It orders uploads whose sequencers do not. */
  readonly uploadedAt: string;
}

export type InlineHead = SealedCopy<InlineClearPart>;

const LINE_FEED = 0x0a;

const clearPartSchema = z.strictObject({
  format: z.literal(INLINE_FORMAT),
  ...factsShape,
  uploadedAt: z.iso.datetime(),
});

const headSchema: z.ZodType<InlineHead> = sealedCopySchema(clearPartSchema);

/** True when the entry says of itself that it is an inline object and no manifest. Nothing of it is verified. */
export function isInline({ clear }: Entry): boolean {
  return clear !== undefined;
}

export function encodeClearPart(clear: InlineClearPart): string {
  return JSON.stringify(clear);
}

/** @throws ManifestInvalidError when the entry has no clear part of this format */
export function decodeInlineClearPart({ clear }: Entry): InlineClearPart {
  return parsePart(clearPartSchema, clear ?? '', 'inline object: clear part');
}

/** Returns the line that comes before the content. */
export function headLine(head: InlineHead): Uint8Array {
  return Buffer.from(`${JSON.stringify(head)}\n`);
}

export interface InlineObject {
  readonly head: InlineHead;
  readonly content: Uint8Array;
}

/**
 * Splits a verified plaintext into head and content.
 * @throws ManifestInvalidError when the head is malformed, seals another clear part, or names another object, or the
 * content is not as long as the head says
 */
export function decodeInline(plaintext: Uint8Array, clear: InlineClearPart, key: string): InlineObject {
  const end = plaintext.indexOf(LINE_FEED);
  const line = Buffer.from(plaintext.subarray(0, Math.max(end, 0))).toString('utf8');
  const head = parsePart(headSchema, line, 'inline object: head');
  requireSealedAs(head, clear, key);
  const content = plaintext.subarray(end + 1);
  if (content.length === clear.sizeBytes) return { head, content };
  throw new ManifestInvalidError('inline object: its content is not as long as its head says');
}
