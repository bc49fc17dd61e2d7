import { describe, expect, test } from 'vitest';
import type { Tenants } from '../../shared/ports/tenants.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

/** More than one page of the list. */
const MANY = 120;

function named(id: string, tenant: Tenant = ACME): Tenant {
  return { ...tenant, tenantId: tenantIdSchema.parse(id) };
}

function arnOf(id: string): string {
  return ACME.kekArn.replace(/key\/.*/u, `key/${id}`);
}

function revoked(tenant: Tenant): Tenant {
  const signal = { name: 'DisableKey', at: '2026-03-01T12:00:00.000Z' };
  return { ...tenant, status: 'revoked', epoch: tenant.epoch + 1, signal };
}

export function tenantsContract(make: () => Tenants): void {
  describe('a tenant', () => {
    test('is registered once; who comes second changes nothing', async () => {
      const tenants = make();
      const first = named('first');
      expect(await tenants.register(first)).toBe(true);
      expect(await tenants.register({ ...first, epoch: 99 })).toBe(false);
      expect(await tenants.tenant(first.tenantId)).toEqual(first);
    });

    test('that is forgotten as it was read is none, and may be registered anew', async () => {
      const tenants = make();
      const burnt = named('burnt', { ...ACME, kekArn: arnOf('burnt') });
      await tenants.register(burnt);
      expect(await tenants.forget({ ...burnt, epoch: burnt.epoch + 1 })).toBe(false);
      expect(await tenants.tenant(burnt.tenantId)).toEqual(burnt);
      expect(await tenants.forget(burnt)).toBe(true);
      expect(await tenants.tenant(burnt.tenantId)).toBeUndefined();
      expect(await Array.fromAsync(tenants.ofKek(burnt.kekArn))).toEqual([]);
      expect(await tenants.register(burnt)).toBe(true);
    });

    test('that nobody registered is none', async () => {
      expect(await make().tenant(tenantIdSchema.parse('nobody'))).toBeUndefined();
    });

    test('is found by its KEK, with all others of that KEK and nobody else', async () => {
      const tenants = make();
      const kekArn = arnOf('11111111-0000-4000-8000-000000000000');
      const [one, other] = [named('kek-one', { ...ACME, kekArn }), named('kek-other', { ...ACME, kekArn })];
      for (const tenant of [other, one, named('kek-globex', GLOBEX)]) await tenants.register(tenant);
      expect(await Array.fromAsync(tenants.ofKek(kekArn))).toEqual([one, other]);
      expect(await Array.fromAsync(tenants.ofKek(arnOf('22222222')))).toEqual([]);
    });

    test('comes in order of id among all others', async () => {
      const tenants = make();
      const ids = Array.from({ length: MANY }, (_, index) => `many-${String(index).padStart(3, '0')}`);
      await Promise.all(ids.toReversed().map(async (id) => await tenants.register(named(id))));
      const found: string[] = [];
      for await (const { tenantId } of tenants.all()) found.push(tenantId);
      expect(found.filter((id) => id.startsWith('many-'))).toEqual(ids);
      expect(found).toEqual(found.toSorted());
    });
  });

  describe('a change', () => {
    test('is written over what was read, and refused over anything else', async () => {
      const tenants = make();
      const read = named('changing');
      await tenants.register(read);
      expect(await tenants.replace(read, revoked(read))).toBe(true);
      expect(await tenants.tenant(read.tenantId)).toEqual(revoked(read));
      expect(await tenants.replace(read, revoked(read))).toBe(false);
    });

    test('is refused when the signal alone has moved on', async () => {
      const tenants = make();
      const read = named('noting');
      await tenants.register(read);
      const noted = { ...read, signal: { name: 'DisableKey', at: '2026-03-01T12:00:00.000Z' } };
      expect(await tenants.replace(read, noted)).toBe(true);
      expect(await tenants.replace(read, revoked(read))).toBe(false);
    });

    test('is refused when something was noted that changed neither the epoch nor the last signal', async () => {
      const tenants = make();
      const read = named('noting-twice');
      await tenants.register(read);
      const reasons = [{ name: 'DisableKey', at: '2026-01-01T12:00:00.000Z', kekArn: read.kekArn }];
      const noted = { ...read, signal: { ...read.signal, reasons, proofs: [], notes: 1 } };
      expect(await tenants.replace(read, noted)).toBe(true);
      expect(await tenants.tenant(read.tenantId)).toEqual(noted);
      expect(await tenants.replace(read, revoked(read))).toBe(false);
      expect(await tenants.rewrite(read, revoked(read))).toBe(false);
      expect(await tenants.replace(noted, revoked(read))).toBe(true);
    });

    test('of ten at once is written by one', async () => {
      const tenants = make();
      const read = named('contended');
      await tenants.register(read);
      const written = await Promise.all(
        Array.from({ length: 10 }, async () => await tenants.replace(read, revoked(read))),
      );
      expect(written.filter(Boolean)).toHaveLength(1);
    });

    test('leaves every setting alone', async () => {
      const tenants = make();
      const read = named('set');
      await tenants.register(read);
      await tenants.replace(read, { ...revoked(read), maxKeyAgeSeconds: 7 });
      expect(await tenants.tenant(read.tenantId)).toEqual(revoked(read));
    });

    test('of a tenant that is not registered makes none', async () => {
      const tenants = make();
      const nobody = named('nobody-yet');
      expect(await tenants.replace(nobody, revoked(nobody))).toBe(false);
      expect(await tenants.tenant(nobody.tenantId)).toBeUndefined();
    });

    test('of the probes’ ciphertexts is written over what was read, and changes nothing else', async () => {
      const tenants = make();
      const read = named('probed');
      await tenants.register(read);
      const made = [{ kekArn: read.kekArn, idName: 'tenant-id' as const, ciphertext: 'AAAA' }];
      expect(await tenants.keepProbeCiphertexts({ ...read, epoch: 99 }, made)).toBe(false);
      expect(await tenants.keepProbeCiphertexts(read, made)).toBe(true);
      expect(await tenants.tenant(read.tenantId)).toEqual({ ...read, probeCiphertexts: made });
    });

    test('of key is written with who holds which key, or not at all', async () => {
      const tenants = make();
      const holdersOf = async (id: string) => await Array.fromAsync(tenants.ofKek(arnOf(id)));
      const read = named('rekeyed', { ...ACME, kekArn: arnOf('old'), replicaArns: [arnOf('replica')] });
      await tenants.register(read);
      expect(await holdersOf('replica')).toEqual([read]);
      const retiredKeks = [{ kekArn: arnOf('old'), replicaArns: [], branchKeyIds: ['rekeyed.1'] }];
      const next = { ...read, kekArn: arnOf('new'), replicaArns: [], retiredKeks, epoch: read.epoch + 1 };
      expect(await tenants.rewrite(read, next)).toBe(true);
      expect(await tenants.tenant(read.tenantId)).toEqual(next);
      for (const id of ['new', 'old']) expect(await holdersOf(id)).toEqual([next]);
      expect(await holdersOf('replica')).toEqual([]);

      const late = { ...read, kekArn: arnOf('late'), epoch: read.epoch + 1 };
      expect(await tenants.rewrite(read, late)).toBe(false);
      expect(await holdersOf('late')).toEqual([]);
      expect(await tenants.tenant(read.tenantId)).toEqual(next);
    });
  });
}
