/**
 * The requests that an object costs, and their price, counted while the real pipeline seals steady batches of objects.
 * The upload is not counted. Reads of epochs and runs of the watch depend on time, so they are counted apart.
 */
import { startLocalProcess, type LocalProcess } from '../../laptop/local-process.ts';
import { PipelineClient } from '../../laptop/client.ts';
import { CONTROL_ROLE, ENCRYPT_ROLE } from '../../laptop/names.ts';
import type { KeyMode } from '../../shared/tenant/tenant.ts';
import { addTenant } from '../bench-tenant.ts';
import type { Figure, Findings } from '../report.ts';
import { INGEST_ROLE, sealBacklog } from './backlog.ts';
import { type CountedCall, countedDuring, requestsOf, shared } from './counted.ts';
import { KEY_MODES, SIZES } from './cases.ts';
import { goalsOf } from './goals.ts';
import { largestRowBytes } from './largest-row.ts';
import { type Cost, rowOf } from './row.ts';

/** The poller of one sandbox always finds work, as under a steady load. Of two, one would poll in vain at the end. */
const SANDBOXES = 1;
/** One unit of DynamoDB writes a row of so many bytes. */
const UNIT_BYTES = 1_024;

interface Counted {
  readonly costs: readonly Cost[];
  /** What is counted apart from the objects. */
  readonly apart: readonly Figure[];
}

export async function benchCost(): Promise<Findings> {
  const counted: Counted[] = [];
  for (const keyMode of KEY_MODES) counted.push(await costsOf(keyMode));
  const costs = counted.flatMap((each) => each.costs);
  const bySize = SIZES.map(({ size }) => costs.filter((cost) => cost.size === size));
  const [ofSmallest = []] = bySize;
  return {
    figures: [...ofSmallest.flatMap(goalsOf), ...counted.flatMap(({ apart }) => apart)],
    rows: bySize.flat().map(rowOf),
  };
}

/** Counts all sizes in a key mode, on a local AWS of its own. */
async function costsOf(keyMode: KeyMode): Promise<Counted> {
  const local = await startLocalProcess({ sandboxes: SANDBOXES });
  try {
    await addTenant(local, 'bench', keyMode);
    const costs: Cost[] = [];
    const byTime: CountedCall[] = [];
    for (const { size, objectBytes, objects } of SIZES) {
      const calls = await countedDuring(local, [INGEST_ROLE, ENCRYPT_ROLE], async () => {
        await sealBacklog(local, { tenantId: 'bench', objects, objectBytes });
      });
      byTime.push(...calls.filter(dependsOnTime));
      const ofObjects = calls.filter((call) => !dependsOnTime(call));
      costs.push({ size, objectBytes, keyMode, calls: shared(ofObjects, objects) });
    }
    return { costs, apart: await countedApart(local, keyMode, byTime) };
  } finally {
    await local.close();
  }
}

/** True for a poll of the epoch, and for a branch key that is read once per sandbox and age limit. */
function dependsOnTime({ operation, role }: CountedCall): boolean {
  return role === ENCRYPT_ROLE && operation === 'GetItem';
}

/** Returns what is counted apart from the objects, and what the prices assume. */
async function countedApart(
  local: LocalProcess,
  keyMode: KeyMode,
  byTime: readonly CountedCall[],
): Promise<readonly Figure[]> {
  const client = new PipelineClient(local.endpoint);
  const watch = await countedDuring(local, [CONTROL_ROLE], async () => {
    await client.invoke('watch', {});
  });
  return [
    {
      name: `${keyMode}: reads of epochs and branch keys, all sizes`,
      value: requestsOf(byTime),
      unit: 'requests',
    },
    {
      name: `${keyMode}: one run of the watch, ${local.tenants.length + 1} tenants`,
      value: requestsOf(watch),
      unit: 'requests',
    },
    {
      name: `${keyMode}: largest row of the state table`,
      value: await largestRowBytes(local.endpoint),
      unit: 'bytes',
      reach: { atMost: UNIT_BYTES },
    },
  ];
}
