/**
 * The index of the local S3, which holds everything but the bytes of large bodies. Keys are BLOBs, because S3 orders by UTF-8 bytes
 * and a key may contain any character. All access is synchronous, so a transaction is atomic against every other
 * request.
 */
import type { DatabaseSync } from 'node:sqlite';

export const INDEX_SCHEMA = `
  CREATE TABLE IF NOT EXISTS counter (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO counter VALUES (1, 0);
  CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY, account_id TEXT NOT NULL, region TEXT NOT NULL, created_ms INTEGER NOT NULL,
    versioning TEXT, policy TEXT, notification TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS segments (
    content INTEGER NOT NULL, start INTEGER NOT NULL, body TEXT NOT NULL, body_offset INTEGER NOT NULL,
    bytes INTEGER NOT NULL, PRIMARY KEY (content, start)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS segments_by_body ON segments (body);
  CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY AUTOINCREMENT, content BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS versions (
    sequence INTEGER PRIMARY KEY, bucket TEXT NOT NULL, key BLOB NOT NULL, version_id TEXT NOT NULL,
    is_latest INTEGER NOT NULL, is_delete_marker INTEGER NOT NULL, content INTEGER NOT NULL, bytes INTEGER NOT NULL,
    etag TEXT NOT NULL, modified_ms INTEGER NOT NULL, attributes TEXT NOT NULL, tags TEXT NOT NULL) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS versions_by_id ON versions (bucket, key, version_id);
  CREATE INDEX IF NOT EXISTS versions_by_age ON versions (bucket, key, sequence DESC);
  CREATE UNIQUE INDEX IF NOT EXISTS versions_latest ON versions (bucket, key) WHERE is_latest = 1;
  CREATE TABLE IF NOT EXISTS uploads (
    sequence INTEGER PRIMARY KEY, upload_id TEXT NOT NULL UNIQUE, bucket TEXT NOT NULL, key BLOB NOT NULL,
    initiated_ms INTEGER NOT NULL, attributes TEXT NOT NULL, tags TEXT NOT NULL, plan TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS uploads_by_key ON uploads (bucket, key, sequence);
  CREATE TABLE IF NOT EXISTS parts (
    upload_id TEXT NOT NULL, number INTEGER NOT NULL, content INTEGER NOT NULL, bytes INTEGER NOT NULL,
    etag TEXT NOT NULL, modified_ms INTEGER NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (upload_id, number)) STRICT;
  CREATE TABLE IF NOT EXISTS notifications (
    id INTEGER PRIMARY KEY, target_arn TEXT NOT NULL, payload TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL DEFAULT 0) STRICT;
`;

/** Returns the counter that orders versions, uploads and events, across restarts. */
export function createSequence(database: DatabaseSync): () => number {
  const next = database.prepare('UPDATE counter SET value = value + 1 RETURNING value');
  return () => Number(next.get()?.['value']);
}
