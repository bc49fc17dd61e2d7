import { describe, expect, test } from 'vitest';
import { requireIntake, requireRegistered, requireWorking } from '../../shared/tenant/admission.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { ACME } from '../support/tenants.ts';

type Work = (tenant: Tenant | undefined, tenantId: Tenant['tenantId']) => Tenant;

const requireEncrypting: Work = (tenant, tenantId) => requireWorking(tenant, tenantId, 'encrypts');
const requireRestoring: Work = (tenant, tenantId) => requireWorking(tenant, tenantId, 'restores');
const requireTaking: Work = (tenant, tenantId) => requireIntake(tenant, tenantId, ACME.signal.at);
const requireEarlier: Work = (tenant, tenantId) =>
  requireIntake(tenant, tenantId, new Date(Date.parse(ACME.signal.at) - 1).toISOString());
const requireRotating: Work = (tenant, tenantId) => requireWorking(tenant, tenantId, 'rotates');

describe('work for a tenant', () => {
  const statuses = ['pending', 'active', 'revoked', 'suspended', 'offboarding', 'offboarded'] as const;

  function allowedTo(work: Work): readonly string[] {
    return statuses.filter((status) => {
      try {
        return work({ ...ACME, status }, ACME.tenantId).status === status;
      } catch {
        return false;
      }
    });
  }

  test('is taken unless the tenant leaves or has left', () => {
    expect(allowedTo(requireTaking)).toEqual(['pending', 'active', 'revoked', 'suspended']);
  });

  test('is taken for a tenant that leaves if it was uploaded before that', () => {
    expect(allowedTo(requireEarlier)).toEqual(['pending', 'active', 'revoked', 'suspended', 'offboarding']);
  });

  test('is encrypted while it is active, and while what is planned drains', () => {
    expect(allowedTo(requireEncrypting)).toEqual(['active', 'offboarding']);
  });

  test('is restored only while it is active', () => {
    expect(allowedTo(requireRestoring)).toEqual(['active']);
  });

  test('rotates keys only while it is active', () => {
    expect(allowedTo(requireRotating)).toEqual(['active']);
  });

  test('waits when it may not be encrypted yet, and is rejected when it comes too late', () => {
    const [revoked, offboarded] = (['revoked', 'offboarded'] as const).map((status) => ({ ...ACME, status }));
    expect(() => requireEncrypting(revoked, ACME.tenantId)).toThrow(
      expect.objectContaining({ code: 'ERR_TENANT_REVOKED', disposition: 'park' }),
    );
    expect(() => requireTaking(offboarded, ACME.tenantId)).toThrow(
      expect.objectContaining({ code: 'ERR_TENANT_OFFBOARDED', disposition: 'reject' }),
    );
  });

  test.each([requireRestoring, requireEncrypting, requireRotating, requireTaking, requireRegistered])(
    'is refused by %o when the tenant is not registered',
    (require) => {
      expect(() => require(undefined, ACME.tenantId)).toThrow(
        expect.objectContaining({ code: 'ERR_TENANT_UNKNOWN', disposition: 'reject' }),
      );
    },
  );
});
