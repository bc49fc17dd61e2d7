/**
 * The content of an object or a part: a list of segments, each a range of a body. Because of the list, completing a
 * multipart upload and copying an object move no bytes. A content does not change; bodies are shared.
 */
import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import type { Bodies } from './bodies.ts';
import { createSequence } from './database.ts';

export interface Segment {
  readonly body: string;
  readonly bodyOffset: number;
  readonly bytes: number;
}

/** A half-open range of bytes. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

export interface Contents {
  /** Makes a content of these segments in this order. Call it in the transaction that refers to the content. */
  create(segments: readonly Segment[]): number;
  /** Returns the segments of a range, cut to it. */
  segments(content: number, range: Range): readonly Segment[];
  /** Keeps a content readable while its object may be deleted. Call the returned function when done. */
  hold(content: number): () => void;
  /** Yields the bytes of a range. Precondition: the content is held. */
  read(content: number, range: Range): AsyncGenerator<Buffer>;
  /** Deletes a content. It removes bodies that nothing else names, once nobody holds the content. */
  drop(content: number): void;
  /** Removes the bodies of segments that did not become a content, unless another content names them. */
  discard(segments: readonly Segment[]): void;
  /** Removes what a killed process left behind. Call it once, before the first request. */
  sweep(): Promise<void>;
}

const row = z.object({ start: z.int(), body: z.string(), body_offset: z.int(), bytes: z.int() });
const named = z.object({ body: z.string() });

/** The content of an empty object, which has no segments. */
export const NO_CONTENT = 0;

export function createContents(database: DatabaseSync, bodies: Bodies): Contents {
  const holds = new Map<number, number>();
  const doomed = new Set<number>();
  const statements = prepare(database);
  const nextSequence = createSequence(database);
  const segments = (content: number, { begin, end }: Range): readonly Segment[] => {
    const rows = statements.inRange.all(content, end, begin);
    return rows.map((found) => cut(row.parse(found), begin, end));
  };
  const isNamed = (body: string): boolean => statements.names.get(body) !== undefined;
  const discard = (candidates: readonly { readonly body: string }[]): void => {
    const unnamed = [...new Set(candidates.map(({ body }) => body))].filter((body) => !isNamed(body));
    for (const body of unnamed) void bodies.remove(body);
  };
  const forget = (content: number): void =>
    discard(statements.forget.all(content).map((found) => named.parse(found)));
  return {
    segments,
    discard,
    create(parts) {
      const content = nextSequence();
      let start = 0;
      for (const { body, bodyOffset, bytes } of parts) {
        statements.add.run(content, start, body, bodyOffset, bytes);
        start += bytes;
      }
      return content;
    },
    hold(content) {
      holds.set(content, (holds.get(content) ?? 0) + 1);
      return () => {
        const left = (holds.get(content) ?? 1) - 1;
        if (left > 0) holds.set(content, left);
        else holds.delete(content);
        if (left === 0 && doomed.delete(content)) forget(content);
      };
    },
    async *read(content, range) {
      for (const { body, bodyOffset, bytes } of segments(content, range))
        yield* bodies.read(body, bodyOffset, bytes);
    },
    drop(content) {
      if (holds.has(content)) doomed.add(content);
      else forget(content);
    },
    async sweep() {
      statements.forgetUnused.run();
      await bodies.sweep(isNamed);
    },
  };
}

function prepare(database: DatabaseSync) {
  return {
    add: database.prepare('INSERT INTO segments VALUES (?, ?, ?, ?, ?)'),
    inRange: database.prepare(
      'SELECT * FROM segments WHERE content = ? AND start < ? AND start + bytes > ? ORDER BY start',
    ),
    forget: database.prepare('DELETE FROM segments WHERE content = ? RETURNING body'),
    forgetUnused: database.prepare(
      'DELETE FROM segments WHERE content NOT IN (SELECT content FROM versions UNION ALL SELECT content FROM parts)',
    ),
    names: database.prepare('SELECT 1 FROM segments WHERE body = ? LIMIT 1'),
  };
}

function cut({ start, body, body_offset, bytes }: z.infer<typeof row>, begin: number, end: number): Segment {
  const skipped = Math.max(0, begin - start);
  return { body, bodyOffset: body_offset + skipped, bytes: Math.min(bytes, end - start) - skipped };
}
