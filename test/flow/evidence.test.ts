/** Compares the uses of a tenant's key in our log, in every key mode, with the calls that the tenant's KMS saw. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import type { KeyMode } from '../../shared/tenant/tenant.ts';
import { CHUNK_BYTES } from '../support/chunk-bytes.ts';
import { functionLines } from '../support/function-lines.ts';
import { type Pipeline, startPipeline, type TenantName } from '../support/pipeline.ts';
import { TenantHand } from '../support/tenant-hand.ts';

const OBJECTS = 3;
/** A chunk of each more than a full one, and the sealed part of the manifest. */
const MESSAGES = 3;

const lineSchema = z.object({
  tenantId: z.string(),
  operation: z.enum(['encrypt', 'decrypt']),
  objectId: z.string(),
  kmsRequestId: z.string(),
  keyMode: z.string(),
  branchKeyVersion: z.uuid().optional(),
  KeyUses: z.number(),
  KeysFetched: z.number(),
});
type Line = z.infer<typeof lineSchema>;

const callsSchema = z.array(
  z.object({
    roleArn: z.string().optional(),
    dryRun: z.boolean(),
    outcome: z.string(),
    keyArn: z.string().optional(),
    requestId: z.string(),
  }),
);

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline();
});
afterAll(async () => await pipeline[Symbol.asyncDispose]());

test.each<[TenantName, KeyMode]>([
  ['acme', 'per-chunk'],
  ['globex', 'cached'],
  ['initech', 'hierarchical'],
])(
  'of %s, in keyMode %s: how often, for which objects, and by which calls of its KMS',
  async (tenantId, keyMode) => {
    await pipeline.client.invoke('onboard', {
      action: 'change-key',
      tenantId,
      keyMode,
      maxKeyAgeSeconds: 3600,
    });
    const tenant = new TenantHand(pipeline, tenantId);
    await tenant.becomes('active');
    await pipeline.local.tell('DELETE', 'kms/calls');
    const objectIds: string[] = [];
    for (let index = 0; index < OBJECTS; index += 1) {
      const uploaded = await pipeline.client.upload(tenantId, String(index), randomBytes(CHUNK_BYTES + 1));
      await pipeline.sealed(uploaded);
      await pipeline.client.restore({ tenantId, key: String(index) });
      objectIds.push(uploaded.objectId);
    }
    // A line is in the log a moment after its work is done.
    await expect.poll(async () => sum(await linesOf(tenantId), 'KeyUses')).toBe(2 * OBJECTS * MESSAGES);
    const lines = await linesOf(tenantId);
    for (const line of lines) expect(line.keyMode).toBe(keyMode);
    for (const line of lines) expect(line.branchKeyVersion !== undefined).toBe(keyMode === 'hierarchical');
    for (const operation of ['encrypt', 'decrypt'] as const)
      expect(lines.filter((line) => line.operation === operation).map(({ objectId }) => objectId)).toEqual(
        objectIds.flatMap((objectId) => Array.from({ length: MESSAGES }, () => objectId)),
      );
    const asked = await callsOf(await tenant.kekArn());
    expect(new Set(lines.map(({ kmsRequestId }) => kmsRequestId))).toEqual(new Set(asked));
    expect(sum(lines, 'KeysFetched')).toBe(asked.length);
  },
);

async function linesOf(tenantId: string): Promise<readonly Line[]> {
  const lines = await functionLines(pipeline.local.dataDir, 'key used');
  return lines.filter((line) => line['tenantId'] === tenantId).map((line) => lineSchema.parse(line));
}

/** The requests that the functions' data roles made, and KMS granted. */
async function callsOf(kekArn: string): Promise<readonly string[]> {
  return (await pipeline.local.ask('kms/calls', callsSchema))
    .filter(({ dryRun, outcome, keyArn }) => !dryRun && outcome === 'Success' && keyArn === kekArn)
    .filter(({ roleArn = '' }) => /-(encrypt|restore)$/u.test(roleArn))
    .map(({ requestId }) => requestId);
}

function sum(lines: readonly Line[], counter: 'KeyUses' | 'KeysFetched'): number {
  return lines.reduce((total, line) => total + line[counter], 0);
}
