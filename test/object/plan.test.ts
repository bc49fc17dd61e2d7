import { describe, expect, test } from 'vitest';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { planOf, planSchema } from '../../shared/object/plan.ts';
import { ACME } from '../support/tenants.ts';

const source = {
  bucket: 'ingest',
  key: 'acme/x',
  versionId: 'v1',
  sequencer: '01',
  uploadedAt: '2026-01-02T03:03:05.000Z',
};
const upload = { tenantId: ACME.tenantId, key: 'x', source, sizeBytes: 250 };
const CHOICES = { kekArn: ACME.kekArn, chunkBytes: 100, plannedAt: new Date(0) };
const plan = planOf(upload, { ...CHOICES, plannedAt: new Date('2026-01-02T03:04:05Z') });

describe('a plan', () => {
  test('says all that decides what is read and where it goes', () => {
    expect(plan).toEqual({
      tenantId: 'acme',
      objectId: objectIdOf('ingest', 'acme/x', 'v1'),
      key: 'x',
      source,
      kekArn: ACME.kekArn,
      generation: 0,
      sizeBytes: 250,
      chunkBytes: 100,
      chunkCount: 3,
      plannedAt: '2026-01-02T03:04:05.000Z',
      jobsSent: 0,
    });
  });

  test('is of the same object whenever it is made', () => {
    expect(planOf(upload, CHOICES).objectId).toBe(plan.objectId);
    expect(planOf({ ...upload, source: { ...source, versionId: 'v2' } }, CHOICES).objectId).not.toBe(
      plan.objectId,
    );
  });

  test('comes back from the state table as it went in, the table’s own members left out', () => {
    expect(planSchema.parse({ pk: 'object#x', sk: 'plan', ...plan })).toEqual(plan);
    expect(planSchema.safeParse({ ...plan, tenantId: 'Not A Tenant' }).success).toBe(false);
  });
});
