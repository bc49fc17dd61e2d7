import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { countersOf } from '../../shared/lambda/key-use-log.ts';
import type { KeyUse } from '../../shared/envelope/kms/key-use.ts';
import { cachedKeys } from '../support/cached-keys.ts';
import { CONTEXT, messageOf } from '../support/messages.ts';
import { decryptWhole } from '../../shared/envelope/message/decrypt.ts';

/** The schema of a line that CloudWatch counts: its embedded metric format, version 1. */
const lineSchema = z.looseObject({
  _aws: z.object({
    Timestamp: z.int(),
    CloudWatchMetrics: z.tuple([
      z.object({
        Namespace: z.string(),
        Dimensions: z.tuple([z.array(z.string())]),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string() })),
      }),
    ]),
  }),
});

/** Returns the names and values of the metrics and dimensions that CloudWatch reads from a line. */
function countedBy(use: KeyUse) {
  const line = lineSchema.parse(JSON.parse(JSON.stringify({ service: 'x', ...use, ...countersOf(use) })));
  const [directive] = line._aws.CloudWatchMetrics;
  const of = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, line[name]]));
  return {
    dimensions: of(directive.Dimensions[0]),
    metrics: of(directive.Metrics.map(({ Name }) => Name)),
  };
}

describe('the record of a key’s use counts, by tenant and operation', () => {
  test('each message, and those that KMS was asked for', async () => {
    const { kek, uses } = cachedKeys();
    const message = await messageOf(kek(), Buffer.from('x'));
    await messageOf(kek(), Buffer.from('x'));
    await decryptWhole(kek(), message, CONTEXT);
    const encrypted = { service: 'x', tenantId: 'acme', operation: 'encrypt' };
    expect(uses.map(countedBy)).toEqual([
      { dimensions: encrypted, metrics: { KeyUses: 1, KeysFetched: 1 } },
      { dimensions: encrypted, metrics: { KeyUses: 1, KeysFetched: 0 } },
      { dimensions: { ...encrypted, operation: 'decrypt' }, metrics: { KeyUses: 1, KeysFetched: 1 } },
    ]);
  });
});
