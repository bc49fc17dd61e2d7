/** Reads that travel together, in a DynamoDB that is asked over HTTP. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { dynamoState } from '../../shared/aws/dynamo-state.ts';
import { planItem, tenantItem } from '../../shared/aws/state-keys.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { codeOf } from '../support/content.ts';
import { type RawTable, tableOf } from '../support/dynamo-table.ts';
import { type Services, startServices } from '../support/services.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

type Keys = readonly object[];

const inputSchema = z.object({
  RequestItems: z.object({ state: z.object({ Keys: z.array(z.looseObject({})) }) }),
});

let services: Services;
let table: RawTable;
let requests: Keys[] = [];
/** The keys that DynamoDB leaves out of its answer. */
let leftOut: Keys = [];

beforeAll(async () => {
  services = await startServices();
  table = await tableOf(services);
  for (const tenant of [ACME, GLOBEX]) await table.put({ ...tenantItem(tenant.tenantId), ...tenant });
  table.client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { data } = inputSchema.safeParse(args.input);
      if (data === undefined) return result;
      requests.push(data.RequestItems.state.Keys);
      if (leftOut.length > 0) Object.assign(result.output, { UnprocessedKeys: { state: { Keys: leftOut } } });
      return result;
    },
    { step: 'initialize', name: 'watchBatches', priority: 'high' },
  );
});
afterEach(() => {
  requests = [];
  leftOut = [];
});
afterAll(async () => await services.close());

const idOf = (of: string) => objectIdOf('ingest', of, 'v1');

describe('reads of one turn', () => {
  test('travel in one request, which names each key once', async () => {
    const state = dynamoState(table);
    const read = await Promise.all([
      state.tenantAndPlan(ACME.tenantId, idOf('a')),
      state.tenantAndPlan(ACME.tenantId, idOf('b')),
      state.tenantAndPlan(GLOBEX.tenantId, idOf('c')),
      state.tenant(ACME.tenantId),
    ]);
    expect(read).toEqual([{ tenant: ACME }, { tenant: ACME }, { tenant: GLOBEX }, ACME]);
    expect(requests.map((keys) => keys.length)).toEqual([5]);
  });

  test('that are more than DynamoDB takes at once travel in several', async () => {
    const state = dynamoState(table);
    const ids = Array.from({ length: 120 }, (_value, index) => tenantIdSchema.parse(`of-many-${index}`));
    await Promise.all(ids.map(async (id) => await state.tenant(id)));
    expect(requests.map((keys) => keys.length)).toEqual([100, 20]);
  });

  test('see what was written before they were asked for', async () => {
    const state = dynamoState(table);
    const tenant = { ...ACME, tenantId: tenantIdSchema.parse('of-later') };
    for (const epoch of [7, 8]) {
      await table.put({ ...tenantItem(tenant.tenantId), ...tenant, epoch });
      expect((await state.tenant(tenant.tenantId))?.epoch).toBe(epoch);
    }
    expect(requests).toHaveLength(2);
  });

  test('fail alone when DynamoDB leaves out their key, or when their row cannot be read', async () => {
    const state = dynamoState(table);
    const broken = tenantIdSchema.parse('of-broken');
    await table.put({ ...tenantItem(broken), tenantId: broken });
    leftOut = [planItem(idOf('b'))];
    const read = await Promise.all([
      state.tenantAndPlan(ACME.tenantId, idOf('a')),
      state.tenantAndPlan(ACME.tenantId, idOf('b')).catch(codeOf),
      state.tenant(broken).catch(codeOf),
    ]);
    expect(read).toEqual([{ tenant: ACME }, 'ERR_STORAGE_UNAVAILABLE', 'ERR_TENANT_INVALID']);
    expect(requests).toHaveLength(1);
  });
});
