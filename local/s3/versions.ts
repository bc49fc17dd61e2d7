/**
 * The versions of every key, newest first, and the changes that writing and deleting make under each state of
 * versioning. Call the changing functions in a transaction. Drop the contents in `dropped` after its commit.
 */
import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Bucket } from './buckets.ts';
import { NO_CONTENT } from './contents.ts';
import { createSequence } from './database.ts';
import type { Tags } from './tags.ts';
import { versionOf } from './version-row.ts';
import { type NewVersion, NULL_VERSION, type ObjectAttributes, type Version } from './version.ts';

export interface Change {
  /** The version written or removed. Undefined when there was nothing to remove. */
  readonly version?: Version;
  /** Contents that no version has any longer. */
  readonly dropped: readonly number[];
}

export interface Written extends Change {
  readonly version: Version;
}

export interface Versions {
  /** Returns the newest version, which may be a delete marker. */
  latest(bucket: string, key: string): Version | undefined;
  find(bucket: string, key: string, versionId: string): Version | undefined;
  write(bucket: Bucket, key: string, version: NewVersion): Written;
  /** Puts a delete marker on top: a DELETE without a version id of a bucket that has or had versioning. */
  mark(bucket: Bucket, key: string, modifiedMs: number): Written;
  /** Removes one version for good. */
  remove(bucket: string, key: string, versionId: string): Change;
  setTags(version: Version, tags: Tags): void;
  isEmpty(bucket: string): boolean;
}

const MARKER_ATTRIBUTES: ObjectAttributes = { headers: {}, metadata: {} };

export function createVersions(database: DatabaseSync): Versions {
  const statements = prepare(database);
  const nextSequence = createSequence(database);
  const find = (bucket: string, key: string, versionId: string): Version | undefined =>
    one(statements.byId.get(bucket, Buffer.from(key), versionId));
  const remove = (bucket: string, key: string, versionId: string): Change => {
    const version = one(statements.remove.get(bucket, Buffer.from(key), versionId));
    if (version?.isLatest === true) statements.promote.run(bucket, Buffer.from(key));
    return {
      version,
      dropped: version === undefined || version.content === NO_CONTENT ? [] : [version.content],
    };
  };
  const add = (bucket: Bucket, key: string, version: NewVersion, isDeleteMarker: boolean): Written => {
    const sequence = nextSequence();
    const versionId =
      bucket.versioning === 'Enabled' ? versionIdOf(bucket.name, key, sequence) : NULL_VERSION;
    const { dropped } = versionId === NULL_VERSION ? remove(bucket.name, key, NULL_VERSION) : { dropped: [] };
    statements.demote.run(bucket.name, Buffer.from(key));
    statements.add.run(
      sequence,
      bucket.name,
      Buffer.from(key),
      versionId,
      Number(isDeleteMarker),
      ...columns(version),
    );
    return { version: { ...version, sequence, key, versionId, isLatest: true, isDeleteMarker }, dropped };
  };
  return {
    find,
    remove,
    latest: (bucket, key) => one(statements.latest.get(bucket, Buffer.from(key))),
    write: (bucket, key, version) => add(bucket, key, version, false),
    mark: (bucket, key, modifiedMs) => add(bucket, key, marker(modifiedMs), true),
    setTags: ({ sequence }, tags) => void statements.setTags.run(JSON.stringify(tags), sequence),
    isEmpty: (bucket) => statements.any.get(bucket) === undefined,
  };
}

function one(row: unknown): Version | undefined {
  return row === undefined ? undefined : versionOf(row);
}

function prepare(database: DatabaseSync) {
  return {
    latest: database.prepare('SELECT * FROM versions WHERE bucket = ? AND key = ? AND is_latest = 1'),
    byId: database.prepare('SELECT * FROM versions WHERE bucket = ? AND key = ? AND version_id = ?'),
    remove: database.prepare(
      'DELETE FROM versions WHERE bucket = ? AND key = ? AND version_id = ? RETURNING *',
    ),
    promote: database.prepare(
      `UPDATE versions SET is_latest = 1 WHERE sequence =
        (SELECT sequence FROM versions WHERE bucket = ? AND key = ? ORDER BY sequence DESC LIMIT 1)`,
    ),
    demote: database.prepare(
      'UPDATE versions SET is_latest = 0 WHERE bucket = ? AND key = ? AND is_latest = 1',
    ),
    add: database.prepare('INSERT INTO versions VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)'),
    setTags: database.prepare('UPDATE versions SET tags = ? WHERE sequence = ?'),
    any: database.prepare('SELECT 1 FROM versions WHERE bucket = ? LIMIT 1'),
  };
}

function columns({
  content,
  sizeBytes,
  etag,
  modifiedMs,
  attributes,
  tags,
}: NewVersion): (string | number)[] {
  return [content, sizeBytes, etag, modifiedMs, JSON.stringify(attributes), JSON.stringify(tags)];
}

function marker(modifiedMs: number): NewVersion {
  const attributes = MARKER_ATTRIBUTES;
  return { content: NO_CONTENT, sizeBytes: 0, etag: '', modifiedMs, attributes, tags: [] };
}

/**
 * Returns a version id. It is opaque as in AWS, but the same for the same writes on fresh data, so that example
 * events can name a version.
 */
function versionIdOf(bucket: string, key: string, sequence: number): string {
  const digest = hash('sha256', JSON.stringify([bucket, key, sequence]), 'buffer');
  return digest.subarray(0, 24).toString('base64url');
}
