import { describe, expect, test } from 'vitest';
import { MAX_INLINE_BYTES } from '../../shared/object/geometry.ts';
import { jobsOf, objectIdOfJob, parseJob, requirePlanned, uploadOfJob } from '../../shared/object/job.ts';
import { planOf } from '../../shared/object/plan.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

const plan = planOf(
  {
    tenantId: ACME.tenantId,
    key: 'x',
    source: {
      bucket: 'ingest',
      key: 'acme/x',
      versionId: 'v1',
      sequencer: '01',
      uploadedAt: '2026-01-02T03:03:05.000Z',
    },
    sizeBytes: 250,
  },
  { kekArn: ACME.kekArn, chunkBytes: 100, plannedAt: new Date(0) },
);
const job = { tenantId: ACME.tenantId, objectId: plan.objectId, chunkIndex: 2 };
const inline = { tenantId: ACME.tenantId, source: plan.source, sizeBytes: 250 };
const invalid = expect.objectContaining({ code: 'ERR_JOB_INVALID', disposition: 'reject' });

describe('a job', () => {
  test('is what its queue message says', () => {
    expect(parseJob(JSON.stringify(job))).toEqual(job);
  });

  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['without a tenant', JSON.stringify({ ...job, tenantId: undefined })],
    ['of no tenant id', JSON.stringify({ ...job, tenantId: '../globex' })],
    ['of no object id', JSON.stringify({ ...job, objectId: 'x' })],
    ['of chunk -1', JSON.stringify({ ...job, chunkIndex: -1 })],
    ['of chunk 0.5', JSON.stringify({ ...job, chunkIndex: 0.5 })],
    ['of chunk 2^53', JSON.stringify({ ...job, chunkIndex: 2 ** 53 })],
    ['of chunk "1"', JSON.stringify({ ...job, chunkIndex: '1' })],
    ['with something more', JSON.stringify({ ...job, kekArn: 'arn:aws:kms:us-east-1:222222222222:key/x' })],
  ])('is refused: %s', (_what, body) => {
    expect(() => parseJob(body)).toThrow(invalid);
  });

  test('of a small object names its source version', () => {
    expect(parseJob(JSON.stringify(inline))).toEqual(inline);
    expect(objectIdOfJob(inline)).toBe(plan.objectId);
    expect(uploadOfJob(inline)).toEqual({ ...inline, key: 'x' });
  });

  test.each([
    ['another tenant’s', { ...inline, tenantId: GLOBEX.tenantId }],
    ['nobody’s', { ...inline, source: { ...plan.source, key: 'x' } }],
    ['nameless', { ...inline, source: { ...plan.source, key: 'acme/' } }],
    ['of no sequencer of S3', { ...inline, source: { ...plan.source, sequencer: 'x' } }],
    ['of no time', { ...inline, source: { ...plan.source, uploadedAt: 'yesterday' } }],
    ['too large', { ...inline, sizeBytes: MAX_INLINE_BYTES + 1 }],
    ['of a negative size', { ...inline, sizeBytes: -1 }],
    ['with something more', { ...inline, kekArn: GLOBEX.kekArn }],
    ['a chunk’s too', { ...inline, ...job }],
  ])('of a small object is refused: its source is %s', (_what, body) => {
    expect(() => parseJob(JSON.stringify(body))).toThrow(invalid);
  });

  test('is due when the plan has it', () => {
    expect(requirePlanned(job, plan)).toBe(plan);
  });

  test('is not due without a plan, in another tenant’s plan, or beyond its last chunk', () => {
    expect(() => requirePlanned(job, undefined)).toThrow(invalid);
    expect(() => requirePlanned({ ...job, tenantId: GLOBEX.tenantId }, plan)).toThrow(invalid);
    expect(() => requirePlanned({ ...job, chunkIndex: 3 }, plan)).toThrow(invalid);
  });

  test('stands for one chunk of the plan', () => {
    expect([...jobsOf(plan, 0)].map(({ chunkIndex }) => chunkIndex)).toEqual([0, 1, 2]);
    expect([...jobsOf(plan, 2)]).toEqual([job]);
    expect([...jobsOf(plan, 3)]).toEqual([]);
  });
});
