/** The row of a version in the index. */
import * as z from 'zod';
import { checksumSchema } from './checksum.ts';
import { objectHeadersSchema } from './object-headers.ts';
import { flagColumn, jsonColumn, keyColumn } from './row.ts';
import { tagsSchema } from './tags.ts';
import type { ObjectAttributes, Version } from './version.ts';

const attributes: z.ZodType<ObjectAttributes> = z.intersection(
  objectHeadersSchema,
  z.object({ checksum: checksumSchema.optional() }),
);

const row = z.object({
  sequence: z.int(),
  key: keyColumn,
  version_id: z.string(),
  is_latest: flagColumn,
  is_delete_marker: flagColumn,
  content: z.int(),
  bytes: z.int(),
  etag: z.string(),
  modified_ms: z.int(),
  attributes: jsonColumn(attributes),
  tags: jsonColumn(tagsSchema),
});

export function versionOf(value: unknown): Version {
  const { version_id, is_latest, is_delete_marker, bytes, modified_ms, ...same } = row.parse(value);
  return {
    ...same,
    versionId: version_id,
    isLatest: is_latest,
    isDeleteMarker: is_delete_marker,
    sizeBytes: bytes,
    modifiedMs: modified_ms,
  };
}
