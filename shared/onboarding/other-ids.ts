/** Ids that are not a tenant's own, under which its key must refuse us. */
import { randomUUID } from 'node:crypto';
import type { TenantId } from '../tenant/tenant-id.ts';

export interface OtherId {
  readonly id: string;
  /** Whether it resembles the tenant's so much that a wildcard at an end of it, or in place of one character, matches it. */
  readonly isNeighbour: boolean;
}

/** A stranger's first, then neighbours. */
export function otherIds(tenantId: TenantId): readonly OtherId[] {
  const random = randomUUID().slice(0, 8);
  const neighbours = [
    `${tenantId}x${random}`,
    `${tenantId}-${random}`,
    `${random}x${tenantId}`,
    `${random}-${tenantId}`,
    `${tenantId.slice(0, -1)}${unlike(tenantId.at(-1))}`,
    `${unlike(tenantId.at(0))}${tenantId.slice(1)}`,
    ...(tenantId.length > 1 ? [tenantId.slice(0, -1), tenantId.slice(1)] : []),
  ];
  // No wildcard that leaves one end of the tenant's id matches it, whatever the random part is.
  const stranger = `${unlike(tenantId.at(0))}-${randomUUID()}-${unlike(tenantId.at(-1))}`;
  return [{ id: stranger, isNeighbour: false }, ...neighbours.map((id) => ({ id, isNeighbour: true }))];
}

function unlike(character: string | undefined): string {
  return character === 'x' ? 'y' : 'x';
}
