/** The key uses of every sandbox as lanes, each a row of strokes: uses that a pixel cannot tell apart are one stroke. */
import type { SandboxKeyUse } from './key-use.ts';

export interface Lane {
  /** `encrypt 1`, in order of first use. */
  readonly name: string;
  readonly revoked: readonly SandboxKeyUse[];
  readonly other: readonly SandboxKeyUse[];
}

/** Both ends in pixels; at least one pixel long. */
export interface Stroke {
  readonly from: number;
  readonly to: number;
}

/** Encrypting sandboxes first. */
export function lanesOf(uses: readonly SandboxKeyUse[], revokedTenantId: string): readonly Lane[] {
  return (['encrypt', 'restore'] as const).flatMap((operation) => {
    const own = uses.filter((use) => use.operation === operation);
    const inOrder = own.toSorted((one, other) => one.startedMs - other.startedMs);
    return [...Map.groupBy(inOrder, ({ sandbox }) => sandbox).values()].map((lane, index) => ({
      name: `${operation} ${index + 1}`,
      revoked: lane.filter(({ tenantId }) => tenantId === revokedTenantId),
      other: lane.filter(({ tenantId }) => tenantId !== revokedTenantId),
    }));
  });
}

/** The uses within `width` pixels, cut at both ends; `x` places a time. */
export function strokesOf(
  uses: readonly SandboxKeyUse[],
  x: (ms: number) => number,
  width: number,
): readonly Stroke[] {
  const strokes: { from: number; to: number }[] = [];
  for (const { startedMs, endedMs } of uses.toSorted((one, other) => one.startedMs - other.startedMs)) {
    const from = Math.max(0, Math.floor(x(startedMs)));
    const to = Math.min(width, Math.max(Math.ceil(x(endedMs)), Math.floor(x(startedMs)) + 1));
    if (from >= to) continue;
    const last = strokes.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else strokes.push({ from, to });
  }
  return strokes;
}
