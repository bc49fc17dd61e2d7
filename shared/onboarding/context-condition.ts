/** Checks that a key refuses us under every id but its own tenant's. */
import { randomUUID } from 'node:crypto';
import type { TenantId } from '../tenant/tenant-id.ts';
import { type GrantCheck, refusalOf } from './dry-run.ts';
import { failed, type Finding, passed, warned } from './finding.ts';
import { contextOf, statementOf, type Use } from './key-uses.ts';

/**
 * Tries the key under ids that are not the tenant's. The key must refuse them all: otherwise anybody who knows its ARN
 * could register it and have it used. An id that only resembles the tenant's may belong to another tenant: a condition
 * that matches `globex*` lets in more than one tenant.
 */
export async function checkCondition(uses: readonly Use[], check: GrantCheck): Promise<Finding> {
  const { kekArn, candidate } = check;
  const tried = await Promise.all(
    otherIds(candidate.tenantId).flatMap((other) =>
      uses.map(async (use) => {
        const refusal = await refusalOf(check, use.operation, contextOf(use, other.id));
        return refusal === undefined ? [{ use, other }] : [];
      }),
    ),
  );
  const granted = tried.flat();
  // A key that grants everybody grants neighbours too, so the stranger's finding comes first.
  const widest = granted.find(({ other }) => !other.isNeighbour) ?? granted[0];
  if (widest !== undefined) return unbound(widest.use, widest.other, check);
  return passed('context-condition', `${kekArn} refuses us under every other tenant's id that was tried`);
}

function unbound(use: Use, { id, isNeighbour }: OtherId, check: GrantCheck): Finding {
  const { kekArn } = check;
  const { statement } = statementOf(use.sid, check);
  if (isNeighbour)
    return warned(
      'context-condition',
      `${kekArn} grants ${use.operation} under ${use.idName} ${id} too: a tenant of such an id could use this key`,
      {
        fix: `compare ${use.idName} by StringEquals with this tenant's id alone, as ${use.sid} does`,
        statement,
      },
    );
  return failed(
    'context-condition',
    `${kekArn} grants ${use.operation} under any tenant's id: this key would let us use it for anybody`,
    {
      fix: `replace the statement that grants it by ${use.sid}, whose Condition on ${use.idName} it lacks`,
      statement,
    },
  );
}

interface OtherId {
  readonly id: string;
  /**
   * True when the id is so similar that the tenant's id with a wildcard at one end, or for one character, matches it.
   */
  readonly isNeighbour: boolean;
}

/** Returns ids that are not the tenant's own: the id of a stranger first, then those of neighbours. */
function otherIds(tenantId: TenantId): readonly OtherId[] {
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
  // The id differs from the tenant's at both ends, so no wildcard at one end matches it, whatever the random part is.
  const stranger = `${unlike(tenantId.at(0))}-${randomUUID()}-${unlike(tenantId.at(-1))}`;
  return [{ id: stranger, isNeighbour: false }, ...neighbours.map((id) => ({ id, isNeighbour: true }))];
}

function unlike(character: string | undefined): string {
  return character === 'x' ? 'y' : 'x';
}
