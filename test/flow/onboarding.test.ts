/** A tenant comes, changes its key, pauses and goes, each by the functions that an operator invokes. */
import {
  CreateKeyCommand,
  type CreateKeyCommandInput,
  KMSClient,
  TagResourceCommand,
} from '@aws-sdk/client-kms';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { EVENT_BUS_ARN, ISV_ACCOUNT, REGION, ROLE_ARNS, VAULT_BUCKET } from '../../laptop/names.ts';
import { keyPolicy } from '../../shared/handover/key-policy.ts';
import { render } from '../../shared/handover/render.ts';
import { applyTemplate } from '../support/apply-template.ts';
import { type Pipeline, startPipeline } from '../support/pipeline.ts';
import { TenantHand } from '../support/tenant-hand.ts';

const judgedSchema = z.object({
  status: z.string(),
  findings: z.array(
    z.object({ check: z.string(), ok: z.boolean(), severity: z.string(), message: z.string() }),
  ),
});

let pipeline: Pipeline;
let umbrella: TenantHand;
beforeAll(async () => {
  pipeline = await startPipeline({ sandboxes: 1 });
  umbrella = new TenantHand(pipeline, 'umbrella');
});
afterAll(async () => {
  await pipeline[Symbol.asyncDispose]();
});

/** A key of the tenant whose policy is what a test makes of the rendered one. */
async function keyOf(
  tenant: TenantHand,
  change: (statements: readonly object[]) => readonly object[] = (statements) => statements,
  input: CreateKeyCommandInput = {},
): Promise<string> {
  const keyModes = ['per-chunk', 'hierarchical'] as const;
  const { tenantId, accountId: tenantAccountId } = tenant;
  const policy = keyPolicy({ tenantId, tenantAccountId, keyModes, ...ROLE_ARNS });
  const Policy = JSON.stringify({ ...policy, Statement: change(policy.Statement) });
  const { KeyMetadata } = await tenant.kms.send(new CreateKeyCommand({ ...input, Policy }));
  return KeyMetadata?.Arn ?? '';
}

async function onboard(request: object): Promise<z.infer<typeof judgedSchema>> {
  return judgedSchema.parse(await pipeline.client.invoke('onboard', request));
}

/** Returns the findings that are not ok, as `check: message`. */
function faults({ findings }: z.infer<typeof judgedSchema>): readonly string[] {
  return findings.filter(({ ok }) => !ok).map(({ check, message }) => `${check}: ${message}`);
}

test('each way of getting a key wrong is a finding of its own, and the tenant stays pending', async () => {
  const everything = { Sid: 'Everything', Effect: 'Allow', Action: 'kms:*', Resource: '*' };
  const cases: Record<string, string> = {
    asymmetric: await keyOf(umbrella, undefined, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }),
    HMAC: await keyOf(umbrella, undefined, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }),
    PendingImport: await keyOf(umbrella, undefined, { Origin: 'EXTERNAL' }),
    'does not grant': await keyOf(umbrella, (statements) => statements.slice(0, 1)),
    'for anybody': await keyOf(umbrella, (statements) =>
      statements.map((statement) => ({ ...statement, Condition: undefined })),
    ),
    'kms:*': await keyOf(umbrella, ([keeping = {}]) => [
      keeping,
      { ...everything, Principal: { AWS: ROLE_ARNS.controlRoleArn } },
    ]),
    'another tenant': await pipeline.kekArn('globex'),
  };
  for (const [said, kekArn] of Object.entries(cases)) {
    const judged = await onboard({ action: 'add', tenantId: 'umbrella', kekArn });
    expect(judged).toMatchObject({ status: 'pending' });
    expect(faults(judged).join('\n')).toContain(said);
  }
  const allowedRegions = ['eu-central-1'];
  const kekArn = await keyOf(umbrella);
  const elsewhere = await onboard({ action: 'add', tenantId: 'umbrella', kekArn, allowedRegions });
  expect(elsewhere.status).toBe('unregistered');
  expect(faults(elsewhere)).toEqual([expect.stringContaining('not among the tenant')]);
});

test('a tenant that deploys what is rendered for it needs nothing else', async () => {
  const [tenantId, accountId] = ['hooli', '555555555555'];
  const rendered = render({
    tenantId,
    tenantAccountId: accountId,
    keyRegion: REGION,
    keyModes: ['per-chunk'],
    stage: 'local',
    isv: { accountId: ISV_ACCOUNT, region: REGION, ...ROLE_ARNS, eventBusArn: EVENT_BUS_ARN },
  });
  const template = rendered.find(({ name }) => name === 'cloudformation.json')?.text ?? '';
  const kekArn = await applyTemplate(template, pipeline, accountId);
  const add = { action: 'add', tenantId, kekArn, strict: true };
  // Its event is heard by the rendered rule and role, or it never becomes active.
  await onboard(add);
  const Tags = [{ TagKey: 'sealstream', TagValue: 'heard' }];
  await new KMSClient(pipeline.identity(accountId)).send(new TagResourceCommand({ KeyId: kekArn, Tags }));
  await pipeline.until(async () => (await onboard(add)).status === 'active');
  await pipeline.sealed(await pipeline.client.upload(tenantId, 'first', randomBytes(10)));
});

test('a tenant comes, is heard of, changes its key, rotates, pauses and goes', async () => {
  const kekArn = await umbrella.createKey('AWS_KMS');
  const strict = await onboard({ action: 'add', tenantId: 'umbrella', kekArn, strict: true });
  expect(strict.status).toBe('pending');
  expect(faults(strict)).toEqual([expect.stringContaining('events: no event of')]);
  const Tags = [{ TagKey: 'sealstream', TagValue: 'heard' }];
  await umbrella.kms.send(new TagResourceCommand({ KeyId: kekArn, Tags }));
  await pipeline.until(async () => {
    const { heardAt } = await pipeline.client.invoke('onboard', { action: 'show', tenantId: 'umbrella' });
    return z.record(z.string(), z.string().nullable()).parse(heardAt)[kekArn] !== null;
  });
  const added = await onboard({ action: 'add', tenantId: 'umbrella', kekArn, strict: true });
  expect(faults(added)).toEqual([]);
  expect(added.status).toBe('active');
  await pipeline.sealed(await pipeline.client.upload('umbrella', 'first', randomBytes(10)));

  const second = await keyOf(umbrella);
  const foreign = await onboard({
    action: 'change-key',
    tenantId: 'umbrella',
    kekArn: await pipeline.kekArn('acme'),
  });
  expect(faults(foreign)).not.toEqual([]);
  expect((await umbrella.record()).kekArn).toBe(kekArn);
  await onboard({ action: 'change-key', tenantId: 'umbrella', kekArn: second, keyMode: 'hierarchical' });
  const changed = await umbrella.record();
  expect(changed).toMatchObject({ kekArn: second, status: 'active', retiredKeks: [{ kekArn }] });
  const branchKeyId = changed.branchKeyId ?? '';
  expect(await rowsOf(branchKeyId)).toHaveLength(3);
  expect(await pipeline.client.invoke('rotate-branch-key', { tenantId: 'umbrella' })).toMatchObject({
    branchKeyId,
  });
  expect(await rowsOf(branchKeyId)).toHaveLength(4);
  await onboard({ action: 'change-key', tenantId: 'umbrella', kekArn, keyMode: 'per-chunk' });

  const about = { tenantId: 'umbrella' };
  expect(await pipeline.client.invoke('offboard', { action: 'suspend', ...about })).toMatchObject({
    status: 'suspended',
  });
  expect(await pipeline.client.invoke('offboard', { action: 'resume', ...about })).toMatchObject({
    status: 'active',
  });
  const request = { action: 'remove', ...about, signedOffBy: 'legal', deleteCiphertext: true };
  await pipeline.client.invoke('offboard', request);
  await pipeline.advanceClock(3000);
  const removed = await pipeline.client.invoke('offboard', request);
  expect(removed).toMatchObject({
    done: true,
    removal: { signedOffBy: 'legal', branchKeyIds: [branchKeyId], branchKeyRowsDeleted: 4, uploadsLeft: 0 },
  });
  expect((await umbrella.record()).status).toBe('offboarded');
  expect(await pipeline.vaultVersions('umbrella/')).toEqual([]);
  expect(await pipeline.exists(VAULT_BUCKET, 'umbrella/objects/first')).toBe(false);
  expect(await rowsOf(branchKeyId)).toEqual([]);
  await pipeline.client.upload('umbrella', 'too late', randomBytes(10));
  expect(await pipeline.rejectionOf('umbrella/too+late')).toMatchObject({ code: 'ERR_TENANT_OFFBOARDED' });
});

async function rowsOf(branchKeyId: string): Promise<readonly unknown[]> {
  const { Items = [] } = await pipeline.table.send(
    new QueryCommand({
      TableName: 'sealstream-local-key-store',
      KeyConditionExpression: '#id = :id',
      ExpressionAttributeNames: { '#id': 'branch-key-id' },
      ExpressionAttributeValues: { ':id': branchKeyId },
    }),
  );
  return Items;
}
