/** Uses of the tenants' keys, as the sandboxes record them, and the last of them after the button. */
import * as z from 'zod';
import type { LogLine } from './log-tail.ts';

export interface SandboxKeyUse {
  readonly sandbox: string;
  readonly tenantId: string;
  readonly operation: 'encrypt' | 'restore';
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly endedMs: number;
}

/** From when on the key was not to be used, and when it was enabled again (the call was about to be sent). */
export interface RevokedTime {
  readonly sinceMs: number;
  readonly enablingMs: number;
}

/** Milliseconds to the end of the last use; 0 where there was none after that moment. */
export interface LastUse {
  readonly encrypt: number;
  readonly restore: number;
}

const time = z.iso.datetime().transform((text) => Date.parse(text));
const useSchema = z.object({
  message: z.literal('key used'),
  tenantId: z.string(),
  operation: z.enum(['encrypt', 'decrypt']),
  startedAt: time,
  endedAt: time,
});

/** Undefined where the line is about something else. */
export function keyUseOf({ sandbox, record }: LogLine): SandboxKeyUse | undefined {
  const use = useSchema.safeParse(record).data;
  if (use === undefined) return undefined;
  // A restore decrypts; encrypt's role may not, so nothing else does.
  const operation = use.operation === 'encrypt' ? 'encrypt' : 'restore';
  return {
    sandbox,
    tenantId: use.tenantId,
    operation,
    startedMs: use.startedAt,
    endedMs: use.endedAt,
  };
}

/** Every use counts, of a cached key or of one that KMS still gave out. */
export function lastUse(uses: readonly SandboxKeyUse[], tenantId: string, revoked: RevokedTime): LastUse {
  const last = (operation: SandboxKeyUse['operation']): number =>
    Math.max(
      0,
      ...uses
        .filter((use) => use.tenantId === tenantId && use.operation === operation)
        .filter((use) => use.startedMs < revoked.enablingMs)
        .map((use) => use.endedMs - revoked.sinceMs),
    );
  return { encrypt: last('encrypt'), restore: last('restore') };
}
