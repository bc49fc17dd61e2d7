import { describe, expect, test } from 'vitest';
import { expiresAt, planItem, receiptsItem, rejectionItem, tenantItem } from '../../shared/aws/state-keys.ts';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

const objectId = objectIdOf('ingest', 'acme/x', 'v1');
const plan = { objectId, generation: 0 };

const SENT_AT = '2026-01-02T03:04:05.000Z';

describe('the state table', () => {
  test('keeps every kind of item apart', () => {
    const keys = [
      tenantItem(ACME.tenantId),
      tenantItem(GLOBEX.tenantId),
      planItem(objectId),
      receiptsItem(plan, 0, 0),
      receiptsItem(plan, 0, 1),
      receiptsItem(plan, 1, 0),
      receiptsItem({ ...plan, generation: 1 }, 0, 0),
      rejectionItem({ sentAt: SENT_AT, id: 'm1' }),
      rejectionItem({ sentAt: SENT_AT, id: 'm2' }),
    ].map((key) => JSON.stringify(key));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('spreads receipts over partitions and gathers rejections in one', () => {
    expect(receiptsItem(plan, 0, 0).pk).not.toBe(receiptsItem(plan, 0, 1).pk);
    const [one, other] = ['m1', 'm2'].map((id) => rejectionItem({ sentAt: SENT_AT, id }));
    expect(one?.pk).toBe(other?.pk);
  });

  test('sorts rejections by when their messages were sent', () => {
    const later = '2026-01-02T03:04:06.000Z';
    expect(
      rejectionItem({ sentAt: SENT_AT, id: 'z' }).sk < rejectionItem({ sentAt: later, id: 'a' }).sk,
    ).toBe(true);
  });

  test('expires items by whole seconds since the epoch', () => {
    const before = Math.ceil(Date.now() / 1000);
    const seconds = expiresAt(100);
    expect(Number.isInteger(seconds)).toBe(true);
    expect(seconds).toBeGreaterThanOrEqual(before + 100);
    expect(seconds).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000) + 100);
  });
});
