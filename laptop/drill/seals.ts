/** The sealed objects and the times of their seals, as the log tells them. The load waits for them without a request. */
import { once } from 'node:events';
import * as z from 'zod';
import type { LogLine } from './log-tail.ts';

export interface Seals {
  see(line: LogLine): void;
  has(objectId: string): boolean;
  /** Returns the times at which the tenant's objects were seen sealed, milliseconds since 1970. */
  times(tenantId: string): readonly number[];
  /** Resolves once the object is sealed, or `signal` is aborted. */
  wait(objectId: string, signal: AbortSignal): Promise<void>;
}

const sealedSchema = z.object({
  message: z.enum(['chunk encrypted', 'object encrypted']),
  tenantId: z.string(),
  objectId: z.string(),
  objectSealed: z.literal(true),
});

export function createSeals(): Seals {
  const sealed = new Map<string, { readonly tenantId: string; readonly atMs: number }>();
  const waiting = new EventTarget();
  return {
    see({ record }) {
      const seal = sealedSchema.safeParse(record).data;
      if (seal === undefined || sealed.has(seal.objectId)) return;
      sealed.set(seal.objectId, { tenantId: seal.tenantId, atMs: Date.now() });
      waiting.dispatchEvent(new Event(seal.objectId));
    },
    has: (objectId) => sealed.has(objectId),
    times: (tenantId) =>
      [...sealed.values()].filter((seal) => seal.tenantId === tenantId).map(({ atMs }) => atMs),
    async wait(objectId, signal) {
      if (!sealed.has(objectId)) await once(waiting, objectId, { signal }).catch(() => undefined);
    },
  };
}
