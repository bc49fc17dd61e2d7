/** Uploads of one key whose notifications S3 lost, so that they have no sequencer. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { entryKey } from '../../shared/object/vault-key.ts';
import { ACME } from '../support/tenants.ts';
import { planned, sealed, SEALED_AT, type UploadOptions, world, type World } from '../support/world.ts';

const NAME = entryKey(ACME.tenantId, 'report.pdf');

function at(seconds: number): string {
  return new Date(Date.parse('2026-01-02T03:00:00.000Z') + seconds * 1000).toISOString();
}

function lost(versionId: string, seconds: number): UploadOptions {
  return { versionId, sequencer: '', uploadedAt: at(seconds) };
}

function heard(versionId: string, seconds: number): UploadOptions {
  return { versionId, sequencer: (0xa0 + seconds).toString(16), uploadedAt: at(seconds) };
}

async function sealEach(ports: World, uploads: readonly UploadOptions[]): Promise<void> {
  for (const upload of uploads) await sealed(ports, randomBytes(10), upload);
}

function sealedVersionOf({ vault }: World): unknown {
  const clear: { sourceVersionId?: unknown } = JSON.parse(String(vault.objects.get(NAME)));
  return clear.sourceVersionId;
}

describe('an upload without a sequencer', () => {
  test.each([
    ['replaces an older one that has one', [heard('old', 0), lost('new', 3)]],
    ['does not replace a newer one that has one', [heard('new', 3), lost('old', 0)]],
    ['is replaced by a newer one that has one', [lost('old', 0), heard('new', 3)]],
    ['is not replaced by an older one that has one', [lost('new', 3), heard('old', 0)]],
    ['replaces an older one like it', [lost('old', 0), lost('new', 3)]],
    ['does not replace a newer one like it', [lost('new', 3), lost('old', 0)]],
  ])('%s', async (_what, uploads) => {
    const ports = world();
    await sealEach(ports, uploads);
    expect(sealedVersionOf(ports)).toBe('new');
    expect(ports.sources.versions.size).toBe(0);
  });

  test.each([-2, -1, 0, 1, 2])(
    'is neither sealed nor dropped when another one came %i seconds after it',
    async (seconds) => {
      const ports = world();
      await sealEach(ports, [heard('sealed', 10 + seconds)]);
      await expect(sealEach(ports, [lost('near', 10)])).rejects.toMatchObject({
        code: 'ERR_MANIFEST_INVALID',
      });
      expect(sealedVersionOf(ports)).toBe('sealed');
      expect([...ports.sources.versions.keys()]).toEqual(['near']);
    },
  );

  test('can be sealed again once it is', async () => {
    const ports = world();
    const upload = lost('only', 0);
    await sealEach(ports, [upload]);
    planned(ports, Buffer.alloc(10), upload);
    await sealEach(ports, [upload]);
    expect(sealedVersionOf(ports)).toBe('only');
  });
});

describe('over an object whose plan has expired', () => {
  const sealedAtSeconds = (Date.parse(SEALED_AT) - Date.parse(at(0))) / 1000;

  test('an upload from after its seal is sealed', async () => {
    const ports = world();
    await sealEach(ports, [heard('old', 0)]);
    ports.state.plans.clear();
    await sealEach(ports, [lost('new', sealedAtSeconds + 3)]);
    expect(sealedVersionOf(ports)).toBe('new');
  });

  test('an upload from before its seal is neither sealed nor dropped', async () => {
    const ports = world();
    await sealEach(ports, [heard('unknown', 0)]);
    ports.state.plans.clear();
    await expect(sealEach(ports, [lost('early', sealedAtSeconds - 3)])).rejects.toMatchObject({
      code: 'ERR_MANIFEST_INVALID',
    });
    expect(sealedVersionOf(ports)).toBe('unknown');
    expect([...ports.sources.versions.keys()]).toEqual(['early']);
  });
});

describe('two uploads with one sequencer, as some servers send,', () => {
  const older = { ...heard('old', 0), sequencer: 'A0' };
  const newer = { ...heard('new', 3), sequencer: 'A0' };

  test.each([
    ['in order', [older, newer]],
    ['in reverse', [newer, older]],
  ])('sealed %s end with the newer', async (_order, uploads) => {
    const ports = world();
    await sealEach(ports, uploads);
    expect(sealedVersionOf(ports)).toBe('new');
    expect(ports.sources.versions.size).toBe(0);
  });

  test('are neither replaced nor dropped when they came at nearly the same time', async () => {
    const ports = world();
    await sealEach(ports, [older]);
    const near = { ...newer, uploadedAt: at(2) };
    await expect(sealEach(ports, [near])).rejects.toMatchObject({ code: 'ERR_MANIFEST_INVALID' });
    expect([...ports.sources.versions.keys()]).toEqual(['new']);
  });
});
