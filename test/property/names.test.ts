import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectIdOf } from '../../shared/object/object-id.ts';
import { uploadOf } from '../../shared/ingest/notification.ts';
import { chunkKey, entryKey } from '../../shared/object/vault-key.ts';
import { decodeManifest } from '../../shared/manifest/manifest.ts';
import { isNewer } from '../../shared/manifest/sequencer.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { codeOf } from '../support/content.ts';
import { recordOf } from '../support/world.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const tenantIds = fc
  .stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/u)
  .map((id) => tenantIdSchema.parse(id));
const sequencers = fc.stringMatching(/^[0-9A-F]{1,12}$/u);

describe('whatever an object is called', () => {
  test('its name survives S3’s form encoding', () => {
    fc.assert(
      fc.property(tenantIds, text, (tenantId, key) => {
        const upload = uploadOf(recordOf(new Uint8Array(), { key: `${tenantId}/${key}` }));
        expect(upload).toMatchObject({ tenantId, key, source: { key: `${tenantId}/${key}` } });
      }),
      { numRuns: 500 },
    );
  });

  test('its manifest and chunks lie below its tenant, apart from each other, in names that S3 takes', () => {
    const keys = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 700 });
    fc.assert(
      fc.property(tenantIds, keys, fc.nat({ max: 9_999_999_999 }), (tenantId, key, index) => {
        const manifest = entryKey(tenantId, key);
        const chunk = chunkKey(tenantId, objectIdOf('ingest', key, 'v1'), index);
        expect([manifest, chunk].every((name) => name.startsWith(`${tenantId}/`))).toBe(true);
        expect(manifest.startsWith(`${tenantId}/chunks/`)).toBe(false);
        expect(Buffer.byteLength(manifest)).toBeLessThanOrEqual(1_024);
      }),
      { numRuns: 200 },
    );
  });

  test('two objects share neither id nor manifest name', () => {
    fc.assert(
      fc.property(tenantIds, tenantIds, text, text, (one, other, key, otherKey) => {
        fc.pre(one !== other || key !== otherKey);
        expect(entryKey(one, key)).not.toBe(entryKey(other, otherKey));
        expect(objectIdOf('ingest', `${one}/${key}`, 'v')).not.toBe(
          objectIdOf('ingest', `${other}/${otherKey}`, 'v'),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('whatever sequencers two uploads have', () => {
  test('at most one is newer; neither is newer only when both are the same number', () => {
    fc.assert(
      fc.property(sequencers, sequencers, (one, other) => {
        const digits = Math.max(one.length, other.length);
        const difference = BigInt(`0x${one.padEnd(digits, '0')}`) - BigInt(`0x${other.padEnd(digits, '0')}`);
        expect(isNewer(one, other)).toBe(difference > 0n);
        expect(isNewer(other, one)).toBe(difference < 0n);
      }),
      { numRuns: 500 },
    );
  });

  test('of three, the order never runs in a circle', () => {
    fc.assert(
      fc.property(sequencers, sequencers, sequencers, (one, two, three) => {
        fc.pre(isNewer(one, two) && isNewer(two, three));
        expect(isNewer(one, three)).toBe(true);
      }),
    );
  });
});

test('whatever bytes stand for a manifest, they are refused by code', () => {
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((json) => Buffer.from(json)),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      let code = 'decoded';
      try {
        decodeManifest(body);
      } catch (error) {
        code = codeOf(error);
      }
      expect(code).toBe('ERR_MANIFEST_INVALID');
    }),
    { numRuns: 500 },
  );
});
