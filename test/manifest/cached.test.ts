import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJob } from '../../shared/encrypt/encrypt-job.ts';
import { jobsOf } from '../../shared/object/job.ts';
import { chunkKey } from '../../shared/object/vault-key.ts';
import { restore } from '../../shared/restore/restore.ts';
import { CACHED_ACME } from '../support/cached-keys.ts';
import { ACME } from '../support/tenants.ts';
import { CHUNK_BYTES, NEVER, planned, sealed, world, type World } from '../support/world.ts';

const SIZE = 2 * CHUNK_BYTES + 1;

async function restoreContent(ports: World): Promise<Buffer | undefined> {
  const destination = { bucket: 'out', key: 'report.pdf' };
  await restore({ tenantId: ACME.tenantId, key: 'report.pdf', destination }, ports, NEVER);
  return ports.destinations.objects.get('out/report.pdf')?.body;
}

describe('an object of a tenant in keyMode cached', () => {
  test('is sealed and restored with one call of KMS each', async () => {
    const ports = world();
    ports.state.tenants.set(ACME.tenantId, CACHED_ACME);
    const body = randomBytes(SIZE);
    await sealed(ports, body);
    expect(body.equals((await restoreContent(ports)) ?? Buffer.alloc(0))).toBe(true);
    expect(ports.kms.calls.map(({ operation }) => operation)).toEqual(['GenerateDataKey', 'Decrypt']);
  });

  test('is restored though the tenant changed its keyMode after each chunk', async () => {
    const ports = world();
    const body = randomBytes(SIZE);
    for (const [index, job] of [...jobsOf(planned(ports, body), 0)].entries()) {
      ports.state.tenants.set(ACME.tenantId, index % 2 === 0 ? CACHED_ACME : ACME);
      await encryptJob(JSON.stringify(job), ports, NEVER);
    }
    expect(body.equals((await restoreContent(ports)) ?? Buffer.alloc(0))).toBe(true);
    ports.state.tenants.set(ACME.tenantId, ACME);
    expect(body.equals((await restoreContent(ports)) ?? Buffer.alloc(0))).toBe(true);
  });

  test('is not restored from chunks that changed places', async () => {
    const ports = world();
    ports.state.tenants.set(ACME.tenantId, CACHED_ACME);
    const { tenantId, objectId } = await sealed(ports, randomBytes(SIZE));
    const [first, second] = [0, 1].map((index) => chunkKey(tenantId, objectId, index));
    const { objects } = ports.vault;
    const [one, other] = [objects.get(first ?? ''), objects.get(second ?? '')];
    if (one === undefined || other === undefined) throw new Error('not there');
    objects.set(first ?? '', other).set(second ?? '', one);
    await expect(restoreContent(ports)).rejects.toMatchObject({ code: 'ERR_CONTEXT_MISMATCH' });
    expect(ports.destinations.objects.size).toBe(0);
  });
});
