/** The multipart uploads under way and their parts so far. */
import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import type { ChecksumAlgorithm, ChecksumType } from './checksum.ts';
import { createSequence } from './database.ts';
import { noSuchUpload } from './errors.ts';
import { type ObjectHeaders, objectHeadersSchema } from './object-headers.ts';
import { jsonColumn, keyColumn } from './row.ts';
import { type Tags, tagsSchema } from './tags.ts';

/** The checksum that the beginning of an upload announced. */
export interface ChecksumPlan {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  /** True when the client named the algorithm, false when S3 chose its default. */
  readonly named: boolean;
}

export interface NewUpload {
  readonly bucket: string;
  readonly key: string;
  readonly initiatedMs: number;
  readonly attributes: ObjectHeaders;
  readonly tags: Tags;
  readonly plan: ChecksumPlan;
}

export interface Upload extends NewUpload {
  readonly sequence: number;
  readonly uploadId: string;
}

export interface Part {
  readonly number: number;
  readonly content: number;
  readonly sizeBytes: number;
  /** The MD5 in hex. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

export interface Uploads {
  create(upload: NewUpload): string;
  /** @throws NoSuchUpload */
  get(bucket: string, key: string, uploadId: string): Upload;
  /** Returns the parts after `afterNumber`, ordered by number. */
  parts(uploadId: string, afterNumber: number, limit: number): readonly Part[];
  /** Stores a part in place of one with the same number. Returns the content of that one, which is to be dropped. */
  putPart(uploadId: string, part: Part): number | undefined;
  /** Removes an upload and its parts. Returns their contents, which are to be dropped. */
  remove(uploadId: string): readonly number[];
  isEmpty(bucket: string): boolean;
}

const algorithm = z.enum(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']);
const planSchema = z.object({ algorithm, type: z.enum(['FULL_OBJECT', 'COMPOSITE']), named: z.boolean() });

const uploadRow = z.object({
  sequence: z.int(),
  upload_id: z.string(),
  bucket: z.string(),
  key: keyColumn,
  initiated_ms: z.int(),
  attributes: jsonColumn(objectHeadersSchema),
  tags: jsonColumn(tagsSchema),
  plan: jsonColumn(planSchema),
});

const partRow = z.object({
  number: z.int(),
  content: z.int(),
  bytes: z.int(),
  etag: z.string(),
  modified_ms: z.int(),
  checksum: jsonColumn(z.object({ algorithm, value: z.string() })),
});

const contentRow = z.object({ content: z.int() });

export function createUploads(database: DatabaseSync): Uploads {
  const statements = prepare(database);
  const nextSequence = createSequence(database);
  return {
    create({ bucket, key, initiatedMs, attributes, tags, plan }) {
      const uploadId = randomBytes(48).toString('base64url');
      const json = [attributes, tags, plan].map((value) => JSON.stringify(value));
      statements.add.run(nextSequence(), uploadId, bucket, Buffer.from(key), initiatedMs, ...json);
      return uploadId;
    },
    get(bucket, key, uploadId) {
      const row = statements.byId.get(uploadId, bucket, Buffer.from(key));
      if (row === undefined) throw noSuchUpload(uploadId);
      return uploadOf(row);
    },
    parts: (uploadId, afterNumber, limit) => statements.parts.all(uploadId, afterNumber, limit).map(partOf),
    putPart(uploadId, { number, content, sizeBytes, etag, modifiedMs, checksum }) {
      const replaced = statements.part.get(uploadId, number);
      statements.putPart.run(
        uploadId,
        number,
        content,
        sizeBytes,
        etag,
        modifiedMs,
        JSON.stringify(checksum),
      );
      return replaced === undefined ? undefined : partOf(replaced).content;
    },
    remove(uploadId) {
      statements.remove.run(uploadId);
      return statements.removeParts.all(uploadId).map((row) => contentRow.parse(row).content);
    },
    isEmpty: (bucket) => statements.any.get(bucket) === undefined,
  };
}

/** Reads an upload from its row in the index. */
export function uploadOf(value: unknown): Upload {
  const { upload_id, initiated_ms, ...same } = uploadRow.parse(value);
  return { ...same, uploadId: upload_id, initiatedMs: initiated_ms };
}

function prepare(database: DatabaseSync) {
  return {
    add: database.prepare('INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    byId: database.prepare('SELECT * FROM uploads WHERE upload_id = ? AND bucket = ? AND key = ?'),
    parts: database.prepare('SELECT * FROM parts WHERE upload_id = ? AND number > ? ORDER BY number LIMIT ?'),
    part: database.prepare('SELECT * FROM parts WHERE upload_id = ? AND number = ?'),
    putPart: database.prepare('INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)'),
    remove: database.prepare('DELETE FROM uploads WHERE upload_id = ?'),
    removeParts: database.prepare('DELETE FROM parts WHERE upload_id = ? RETURNING content'),
    any: database.prepare('SELECT 1 FROM uploads WHERE bucket = ? LIMIT 1'),
  };
}

function partOf(value: unknown): Part {
  const { bytes, modified_ms, ...same } = partRow.parse(value);
  return { ...same, sizeBytes: bytes, modifiedMs: modified_ms };
}
