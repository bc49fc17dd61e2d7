import { expect, test } from 'vitest';
import { inAccount, type } from '../command-line.ts';
import { DENIED, judged, KEK_ARN, PASSED, REPLICA_ARN, tenant, UNHEARD } from './answers.ts';

inAccount();

test('check exits 0 with warnings, 1 with --strict or an error', async () => {
  const warned = [{ returns: judged('active', PASSED, UNHEARD) }];
  const broken = [{ returns: judged('active', DENIED) }];
  const args = ['tenant', 'check', 'acme'];
  expect((await type(args, { answers: warned })).exitCode).toBe(0);
  expect((await type([...args, '--strict'], { answers: warned })).exitCode).toBe(1);
  expect((await type(args, { answers: broken })).exitCode).toBe(1);
});

test('change-key changes only what is named, and says if it was done', async () => {
  const args = ['tenant', 'change-key', 'acme', '--kek-arn', KEK_ARN, '--key-mode', 'cached'];
  const changed = await type(args, { answers: [{ returns: judged('active', PASSED) }] });
  expect(changed.exitCode).toBe(0);
  expect(changed.invocations.map(({ event }) => event)).toEqual([
    { action: 'change-key', tenantId: 'acme', kekArn: KEK_ARN, keyMode: 'cached', strict: false },
  ]);
  const refused = await type(args, { answers: [{ returns: judged('active', DENIED) }] });
  expect(refused.exitCode).toBe(1);
  expect(refused.out).toContain('Nothing was changed.');
});

test('change-key takes settings back by --no options', async () => {
  const args = [
    'tenant',
    'change-key',
    'acme',
    '--no-replica',
    '--no-allowed-region',
    '--no-rotate-with-kek',
  ];
  const { invocations } = await type(args, { answers: [{ returns: judged('active', PASSED) }] });
  expect(invocations[0]?.event).toMatchObject({ replicaArns: [], allowedRegions: [], rotateWithKek: false });
});

test('list asks page by page and prints all tenants as one', async () => {
  const [acme, globex] = [tenant(), tenant({ tenantId: 'globex', status: 'revoked' })];
  const answers = [{ returns: { tenants: [acme], after: 'acme' } }, { returns: { tenants: [globex] } }];
  const { out, invocations } = await type(['tenant', 'list', '--json'], { answers });
  expect(JSON.parse(out)).toEqual({ tenants: [acme, globex] });
  expect(invocations.map(({ event }) => event['after'])).toEqual([undefined, 'acme']);
  const read = await type(['tenant', 'list'], { answers });
  expect(read.out).toMatch(/globex.*revoked.*per-chunk/u);
});

test('list prints what it can read, names the rows that it cannot, and fails', async () => {
  const answers = [{ returns: { tenants: [tenant()], invalid: 'the row pk tenant#edited is no record' } }];
  const { out, exitCode } = await type(['tenant', 'list'], { answers });
  expect(out).toMatch(/acme.*active/u);
  expect(out).toContain('the row pk tenant#edited is no record');
  expect(exitCode).toBe(1);
});

test('list without tenants says how to add the first', async () => {
  expect((await type(['tenant', 'list'], { answers: [{ returns: { tenants: [] } }] })).out).toContain(
    'add --help',
  );
});

test('show prints the record, the parked jobs, and the time of the last event of each key', async () => {
  const answer = {
    tenant: tenant({ replicaArns: [REPLICA_ARN] }),
    parkedJobs: 7,
    heardAt: { [KEK_ARN]: '2026-02-01T00:00:00.000Z', [REPLICA_ARN]: null },
  };
  const answers = [{ returns: answer }];
  const { out } = await type(['tenant', 'show', 'acme'], { answers });
  expect(out).toContain(`2026-02-01T00:00:00.000Z of ${KEK_ARN}`);
  expect(out).toContain(`never of ${REPLICA_ARN}`);
  expect(out).toMatch(/parked jobs.*7/u);
  expect(JSON.parse((await type(['tenant', 'show', 'acme', '--json'], { answers })).out)).toEqual(answer);
});

test('show lists a dropped replica among the retired keys, but not its key', async () => {
  const retiredKeks = [{ kekArn: KEK_ARN, replicaArns: [REPLICA_ARN], branchKeyIds: [] }];
  const answers = [{ returns: { tenant: tenant({ retiredKeks }), parkedJobs: 0, heardAt: {} } }];
  const { out } = await type(['tenant', 'show', 'acme'], { answers });
  expect(out).toMatch(new RegExp(`retired keys\\W+${REPLICA_ARN}`, 'u'));
  expect(out.split(KEK_ARN)).toHaveLength(2);
});

test('rotate invokes the function of that name', async () => {
  const answers = [{ returns: { tenantId: 'acme', branchKeyId: 'acme.1' } }];
  const { exitCode, out, invocations } = await type(['tenant', 'rotate', 'acme'], { answers });
  expect(exitCode).toBe(0);
  expect(out).toContain('acme.1');
  expect(invocations).toMatchObject([
    { functionName: 'sealstream-dev-rotate-branch-key', event: { tenantId: 'acme' } },
  ]);
});

test.each([
  ['suspend', 'suspended'],
  ['resume', 'active'],
])('%s leaves the tenant %s', async (action, status) => {
  const answers = [{ returns: { tenantId: 'acme', status } }];
  const { exitCode, out, invocations } = await type(['tenant', action, 'acme'], { answers });
  expect(exitCode).toBe(0);
  expect(out).toBe(`acme is ${status}.`);
  expect(invocations).toMatchObject([
    { functionName: 'sealstream-dev-offboard', event: { action, tenantId: 'acme' } },
  ]);
});
