/** The times at which `revoke` got an event that revoked a tenant, as its log tells. The promise counts from there. */
import * as z from 'zod';
import type { LogLine } from './log-tail.ts';

export interface Deliveries {
  see(line: LogLine): void;
  /**
   * When the first invocation since then began that revoked the tenant, milliseconds since 1970. Undefined where none
   * did: the event was lost, or KMS's refusal of our own call was quicker.
   */
  revoking(tenantId: string, sinceMs: number): number | undefined;
}

const revokedSchema = z.object({
  message: z.literal('key event'),
  timestamp: z.iso.datetime().transform((text) => Date.parse(text)),
  function_request_id: z.string(),
  outcome: z.literal('revoked'),
  tenantIds: z.array(z.string()),
});
const endSchema = z.object({ message: z.literal('REPORT'), requestId: z.string(), durationMs: z.number() });

export function createDeliveries(): Deliveries {
  const revoked: z.infer<typeof revokedSchema>[] = [];
  const durationsMs = new Map<string, number>();
  return {
    see({ record }) {
      const end = endSchema.safeParse(record).data;
      if (end !== undefined) durationsMs.set(end.requestId, end.durationMs);
      const event = revokedSchema.safeParse(record).data;
      if (event !== undefined) revoked.push(event);
    },
    revoking(tenantId, sinceMs) {
      // The line comes last of all that the invocation does, so that it began its whole duration before.
      const begun = revoked
        .filter(({ tenantIds, timestamp }) => tenantIds.includes(tenantId) && timestamp >= sinceMs)
        .map((event) => event.timestamp - (durationsMs.get(event.function_request_id) ?? 0));
      return begun.length === 0 ? undefined : Math.max(sinceMs, Math.min(...begun));
    },
  };
}
