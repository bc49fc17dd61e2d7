/** Whether a key refuses us under every tenant's id but its own tenant's. */
import { type Asked, refusalOf } from './dry-run.ts';
import { failed, type Finding, passed, warned } from './finding.ts';
import { contextOf, statementOf, type Use } from './key-uses.ts';
import { type OtherId, otherIds } from './other-ids.ts';

/**
 * Somebody else's id must be refused, or whoever knows the ARN could register the key and have it used. An id that only
 * resembles the tenant's may be another tenant's as well: a condition that matches `globex*` is wider than one tenant.
 */
export async function checkCondition(uses: readonly Use[], asked: Asked): Promise<Finding> {
  const { kekArn, candidate } = asked;
  const tried = await Promise.all(
    otherIds(candidate.tenantId).flatMap((other) =>
      uses.map(async (use) => {
        const refusal = await refusalOf(asked, use.operation, contextOf(use, other.id));
        return refusal === undefined ? [{ use, other }] : [];
      }),
    ),
  );
  const granted = tried.flat();
  // What is granted to everybody is granted to neighbours, too.
  const worst = granted.find(({ other }) => !other.isNeighbour) ?? granted[0];
  if (worst !== undefined) return unbound(worst.use, worst.other, asked);
  return passed('context-condition', `${kekArn} refuses us under every other tenant's id that was tried`);
}

function unbound(use: Use, { id, isNeighbour }: OtherId, { kekArn, candidate, ports }: Asked): Finding {
  const { statement } = statementOf(use.sid, candidate, ports.ourselves);
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
