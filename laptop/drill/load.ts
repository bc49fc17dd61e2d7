/** A steady load for one tenant: closed loops, so many at a time, that upload small objects and restore sealed ones. */
import { InvocationError, type PipelineClient, type Uploaded } from '../client.ts';
import { contentOf } from './content.ts';
import { createPace } from './pace.ts';
import type { Seals } from './seals.ts';

export interface Load {
  readonly tenantId: string;
  /** Every acknowledged upload. */
  readonly uploads: readonly Uploaded[];
  /** The times at which restores succeeded, milliseconds since 1970. */
  readonly restoredMs: readonly number[];
  /** The number of failed restores by error code. */
  readonly failures: ReadonlyMap<string, number>;
  /** The tenant's key is gone: uploads no longer wait for their seal, and everything goes on at the pace it had. */
  hold(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly client: Pick<PipelineClient, 'upload' | 'restore'>;
  readonly seals: Seals;
  /** Loops that upload and, as many, that restore. */
  readonly loops: number;
  /** The object that is restored over and over. */
  readonly sealed: readonly Uploaded[];
  /** The longest time that a loop waits for a seal before it uploads the next object. Default: no limit. */
  readonly patienceMs?: number;
}

export function startLoad(tenantId: string, { client, seals, loops, sealed, patienceMs }: LoadOptions): Load {
  const uploads: Uploaded[] = [];
  const restoredMs: number[] = [];
  const failures = new Map<string, number>();
  const stopping = new AbortController();
  const holding = new AbortController();
  const paces = { upload: createPace(stopping.signal), restore: createPace(stopping.signal) };
  const notWaiting = AbortSignal.any([holding.signal, stopping.signal]);

  const upload = async (turn: string): Promise<void> => {
    const uploaded = await uploadOne(client, tenantId, `load/${turn}`);
    uploads.push(uploaded);
    const outOfPatience = patienceMs === undefined ? [] : [AbortSignal.timeout(patienceMs)];
    await seals.wait(uploaded.objectId, AbortSignal.any([notWaiting, ...outOfPatience]));
  };
  const restore = async (turn: string, count: number): Promise<void> => {
    const { key = '' } = sealed[count % sealed.length] ?? {};
    try {
      await client.restore({ tenantId, key, destination: { key: destinationOf(tenantId, key, turn) } });
      restoredMs.push(Date.now());
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error;
      failures.set(error.code, (failures.get(error.code) ?? 0) + 1);
    }
  };
  const loop = async (kind: keyof typeof paces, name: number): Promise<void> => {
    const work = kind === 'upload' ? upload : restore;
    for (let count = 0; !stopping.signal.aborted; count += 1)
      await paces[kind].turn(async () => await work(`${name}-${count}`, count));
  };
  const running = Promise.all(
    Array.from({ length: loops }, (_, name) => [loop('upload', name), loop('restore', name)]).flat(),
  );
  // A loop that fails is heard of when the load is stopped.
  running.catch(() => stopping.abort());
  return {
    tenantId,
    uploads,
    restoredMs,
    failures,
    hold() {
      paces.upload.hold();
      paces.restore.hold();
      holding.abort();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Uploads one object whose content follows from its name. */
export async function uploadOne(
  client: Pick<PipelineClient, 'upload'>,
  tenantId: string,
  key: string,
): Promise<Uploaded> {
  return await client.upload(tenantId, key, contentOf(`${tenantId}/${key}`));
}

/** A destination of its own for every restore, which says what ought to be there. */
function destinationOf(tenantId: string, key: string, turn: string): string {
  return `${tenantId}/restored/${turn}/${key}`;
}

/** The name of the object that a destination is the restore of: `{tenantId}/{key}`. */
export function sourceOf(destination: string): string {
  return destination.replace(/^([^/]+)\/restored\/[^/]+\//u, '$1/');
}
