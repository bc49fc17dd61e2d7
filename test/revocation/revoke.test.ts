import { beforeEach, describe, expect, test } from 'vitest';
import { StorageUnavailableError, TenantInvalidError } from '../../shared/errors.ts';
import { handleKeyEvent, type RevokePorts } from '../../shared/revocation/revoke.ts';
import { probed } from '../../shared/revocation/transition.ts';
import type { Tenant } from '../../shared/tenant/tenant.ts';
import { tenantIdSchema } from '../../shared/tenant/tenant-id.ts';
import { callEvent, type KeyEventInput, nativeEvent } from '../support/key-events.ts';
import {
  type MemoryBranchKeys,
  memoryBranchKeys,
  type MemoryHearings,
  memoryHearings,
} from '../support/memory-control-plane.ts';
import { type MemoryKms, memoryKms } from '../support/memory-kms.ts';
import { type MemoryTenants, memoryTenants } from '../support/memory-tenants.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

/** Returns the time of a second on the day of the events. */
function at(second: number): string {
  return `2026-03-01T12:00:${String(second).padStart(2, '0')}Z`;
}

let tenants: MemoryTenants;
let kms: MemoryKms;
let hearings: MemoryHearings;
let branchKeys: MemoryBranchKeys;
let ports: RevokePorts;
beforeEach(() => {
  tenants = memoryTenants(ACME, GLOBEX);
  kms = memoryKms();
  hearings = memoryHearings();
  branchKeys = memoryBranchKeys();
  ports = {
    tenants,
    hearings,
    branchKeys,
    kms,
    now: () => new Date(at(59)),
    propagationSeconds: 300,
  };
});

function acme(): Tenant | undefined {
  return tenants.records.get('acme');
}

async function deliver(...events: readonly KeyEventInput[]): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (const event of events) outcomes.push((await handleKeyEvent(event, ports)).outcome);
  return outcomes;
}

const disable = (second: number): KeyEventInput => callEvent('DisableKey', at(second), ACME);
const enable = (second: number): KeyEventInput => callEvent('EnableKey', at(second), ACME);
const policy = (second: number): KeyEventInput => callEvent('PutKeyPolicy', at(second), ACME);

describe.each([
  disable(1),
  callEvent('ScheduleKeyDeletion', at(1), ACME),
  callEvent('DeleteImportedKeyMaterial', at(1), ACME),
  nativeEvent('KMS Imported Key Material Expiration', at(1), ACME),
  nativeEvent('KMS CMK Deletion', at(1), ACME),
])('a disabling event (%#)', (event) => {
  test('revokes at once, though a probe would still succeed, and nobody else', async () => {
    expect(await handleKeyEvent(event, ports)).toEqual({ outcome: 'revoked', tenantIds: ['acme'] });
    expect(acme()).toMatchObject({ status: 'revoked', epoch: ACME.epoch + 1 });
    expect(kms.calls).toEqual([]);
    expect(tenants.records.get('globex')).toEqual(GLOBEX);
  });

  test('delivered twice, or once more with the first still under way, counts once', async () => {
    await Promise.all([handleKeyEvent(event, ports), handleKeyEvent(event, ports)]);
    expect(await deliver(event)).toEqual(['unchanged']);
    expect(acme()?.epoch).toBe(ACME.epoch + 1);
  });
});

describe('a key that comes back', () => {
  test('is probed, and makes the tenant active in an epoch of its own', async () => {
    expect(await deliver(disable(1), enable(2))).toEqual(['revoked', 'active']);
    const proof = { name: 'EnableKey', at: new Date(at(2)).toISOString(), kekArn: ACME.kekArn };
    const signal = { ...proof, reasons: [], proofs: [proof] };
    expect(acme()).toEqual({ ...ACME, status: 'active', epoch: ACME.epoch + 2, signal });
  });

  test('stays revoked when the probe is refused', async () => {
    kms.refuse('DisabledException');
    expect(await deliver(disable(1), enable(2))).toEqual(['revoked', 'unchanged']);
    expect(acme()?.status).toBe('revoked');
  });

  test('is to be delivered again when KMS cannot be asked', async () => {
    await deliver(disable(1));
    kms.refuse('ThrottlingException');
    await expect(deliver(enable(2))).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
    expect(acme()?.status).toBe('revoked');
    kms.refuse(undefined);
    expect(await deliver(enable(2))).toEqual(['active']);
  });

  test('is not taken from a cancelled deletion or a new grant while KMS may lag', async () => {
    const events = [
      disable(1),
      callEvent('CreateGrant', at(2), ACME),
      callEvent('CancelKeyDeletion', at(3), ACME),
    ];
    expect(await deliver(...events)).toEqual(['revoked', 'unchanged', 'unchanged']);
    expect(kms.calls).toEqual([]);
  });
});

describe('what an enabling event takes back', () => {
  test('stays taken back though the probe was refused, or KMS was out of reach', async () => {
    kms.refuse('DisabledException');
    await deliver(disable(1), enable(3));
    expect(acme()).toMatchObject({ status: 'revoked', signal: { reasons: [] } });
    kms.refuse('ThrottlingException');
    await deliver(disable(5));
    await expect(deliver(enable(7))).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
    expect(acme()).toMatchObject({ status: 'revoked', signal: { reasons: [] } });
  });

  test('a probe that no event asked for then brings the tenant back, without waiting for KMS to settle', async () => {
    kms.refuse('DisabledException');
    await deliver(disable(1), enable(3));
    const tenant = acme() ?? ACME;
    const after = probed(tenant, { usable: true }, { now: new Date(at(59)), propagationSeconds: 300 });
    expect(after).toMatchObject({ status: 'active', signal: { name: 'EnableKey' } });
  });
});

describe('order does not matter where the truth is revoked:', () => {
  test.each([
    ['a disabling event that comes after a later enabling one', [enable(2), disable(1)]],
    ['a tie', [enable(1), disable(1)]],
    ['a tie the other way round', [disable(1), enable(1)]],
    ['off, on, off, with the last off heard before the on', [disable(1), disable(3), enable(2)]],
    ['off, on, off, backwards', [disable(3), enable(2), disable(1)]],
    ['a policy that came after', [disable(1), policy(3), enable(2)]],
    ['a policy from after that was heard before', [policy(2), disable(1)]],
    ['a policy that only an enabled key came after', [disable(1), policy(2), enable(3)]],
  ])('%s', async (_order, events) => {
    await deliver(...events);
    expect(acme()?.status).toBe('revoked');
  });

  test('a stale disabling event does not undo a later activation', async () => {
    expect(await deliver(disable(1), enable(2), disable(1))).toEqual(['revoked', 'active', 'unchanged']);
    expect(acme()?.status).toBe('active');
  });
});

describe('a policy that changed', () => {
  test('drops the keys, and leaves a tenant active whose key still works', async () => {
    expect(await deliver(policy(1))).toEqual(['unchanged']);
    expect(acme()).toEqual({ ...ACME, epoch: ACME.epoch + 1 });
  });

  test('revokes when the probe is refused', async () => {
    kms.refuse('AccessDeniedException');
    expect(await deliver(policy(1))).toEqual(['revoked']);
    expect(acme()).toMatchObject({
      status: 'revoked',
      epoch: ACME.epoch + 2,
      signal: { name: 'PutKeyPolicy' },
    });
  });

  test('drops the keys before KMS is asked, and is to be delivered again when it cannot be', async () => {
    kms.refuse('KMSInternalException');
    await expect(deliver(policy(1))).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
    expect(acme()).toMatchObject({ status: 'active', epoch: ACME.epoch + 1 });
    kms.refuse('AccessDeniedException');
    expect(await deliver(policy(1))).toEqual(['revoked']);
  });

  test('of before the last signal asks nothing', async () => {
    await deliver(disable(2), enable(3));
    const { length } = kms.calls;
    kms.refuse('AccessDeniedException');
    expect(await deliver(policy(1))).toEqual(['unchanged']);
    expect(kms.calls).toHaveLength(length);
  });
});

describe('an event of nobody’s', () => {
  const unknown = { kekArn: ACME.kekArn.replace(/key\/.*/u, 'key/00000000-0000-4000-8000-000000000000') };
  const forged = disable(1);
  test.each([
    ['a key that is not registered', callEvent('DisableKey', at(1), unknown), 'unknown-key'],
    ['another account that names our tenant’s key', { ...forged, account: '222222222222' }, 'other-account'],
    [
      'another account that names it by its bare id',
      {
        ...forged,
        account: '222222222222',
        detail: { ...forged.detail, recipientAccountId: '222222222222', resources: [] },
      },
      'unknown-key',
    ],
    ['somebody who is not KMS', { ...forged, source: 'my.app' }, 'not-from-kms'],
    [
      'a call that was refused',
      { ...forged, detail: { ...forged.detail, errorCode: 'AccessDenied' } },
      'call-refused',
    ],
  ])('%s changes nothing and says why', async (_whose, event, reason) => {
    expect(await handleKeyEvent(event, ports)).toEqual({ outcome: 'ignored', tenantIds: [], reason });
    expect([...tenants.records.values()]).toEqual([ACME, GLOBEX]);
  });
});

describe('a key of two tenants', () => {
  beforeEach(async () => {
    await tenants.register({ ...GLOBEX, tenantId: tenantIdSchema.parse('acme-eu'), kekArn: ACME.kekArn });
  });

  test('revokes and activates both', async () => {
    const both = ['acme', 'acme-eu'];
    expect(await handleKeyEvent(disable(1), ports)).toEqual({ outcome: 'revoked', tenantIds: both });
    expect(await handleKeyEvent(enable(2), ports)).toEqual({ outcome: 'active', tenantIds: both });
  });

  test('revokes the one though the other cannot be written, and is delivered again', async () => {
    const replace = tenants.replace.bind(tenants);
    const outage = new StorageUnavailableError('dynamodb:UpdateItem answered nothing');
    tenants.replace = async (read, next) => {
      if (read.tenantId === 'acme') throw outage;
      return await replace(read, next);
    };
    await expect(handleKeyEvent(disable(1), ports)).rejects.toBe(outage);
    tenants.replace = replace;
    expect(tenants.records.get('acme-eu')?.status).toBe('revoked');
    expect(await handleKeyEvent(disable(1), ports)).toEqual({ outcome: 'revoked', tenantIds: ['acme'] });
  });
});

describe('a key that the tenant had before', () => {
  const old = ACME.kekArn.replace('9d3ab1c2', '00000000');
  const event = (name: string) => callEvent(name, at(1), { kekArn: old });
  beforeEach(() => {
    tenants.records.set('acme', {
      ...ACME,
      retiredKeks: [{ kekArn: old, replicaArns: [], branchKeyIds: [] }],
    });
  });

  test.each(['DisableKey', 'PutKeyPolicy'])(
    'has what was cached of it dropped by %s, no more',
    async (name) => {
      expect(await handleKeyEvent(event(name), ports)).toMatchObject({ outcome: 'unchanged' });
      expect(acme()).toMatchObject({ status: 'active', epoch: ACME.epoch + 1, signal: ACME.signal });
      expect(kms.calls).toEqual([]);
    },
  );
});

describe('a replica of a multi-Region key', () => {
  const replica = ACME.kekArn.replace('us-east-1', 'eu-west-1');
  const disableReplica = callEvent('DisableKey', at(1), { kekArn: replica });
  beforeEach(() => {
    tenants.records.set('acme', { ...ACME, replicaArns: [replica] });
  });

  test('revokes when it is disabled', async () => {
    expect(await handleKeyEvent(disableReplica, ports)).toEqual({ outcome: 'revoked', tenantIds: ['acme'] });
  });

  test('that is still disabled is not taken for enabled because another one is, though KMS says yes', async () => {
    await deliver(disableReplica, disable(2), enable(3));
    expect(acme()?.status).toBe('revoked');
    await handleKeyEvent(callEvent('EnableKey', at(4), { kekArn: replica }), ports);
    expect(acme()?.status).toBe('active');
  });

  test('is asked as well before the tenant is active again', async () => {
    await handleKeyEvent(disableReplica, ports);
    await handleKeyEvent(callEvent('EnableKey', at(3), { kekArn: replica }), ports);
    expect(kms.calls.filter(({ question }) => question === 'describe')).toHaveLength(2);
    expect(acme()?.status).toBe('active');
  });
});

describe('hearing of a key', () => {
  test.each(['DisableKey', 'TagResource'])('%s is noted', async (name) => {
    await handleKeyEvent(callEvent(name, at(1), ACME), ports);
    expect([...hearings.heard.keys()]).toEqual([ACME.kekArn]);
  });

  test('is not noted of a key that is nobody’s', async () => {
    tenants.records.delete('acme');
    await handleKeyEvent(callEvent('TagResource', at(1), ACME), ports);
    expect(hearings.heard.size).toBe(0);
  });
});

describe('a rotation of the KEK', () => {
  const rotation = nativeEvent('KMS CMK Rotation', at(1), ACME);
  const hierarchical = {
    ...ACME,
    keyMode: 'hierarchical',
    branchKeyId: 'acme.1',
    rotateWithKek: true,
  } as const;

  test('makes a new version of the branch key, if the tenant asked for it', async () => {
    tenants.records.set('acme', hierarchical);
    expect(await handleKeyEvent(rotation, ports)).toMatchObject({ outcome: 'unchanged' });
    expect(branchKeys.versioned).toEqual(['acme.1']);
  });

  test.each([
    { rotateWithKek: false },
    { keyMode: 'cached' },
    { status: 'revoked' },
    { branchKeyId: undefined },
  ] as const)('does not with %j', async (change) => {
    tenants.records.set('acme', { ...hierarchical, ...change });
    await handleKeyEvent(rotation, ports);
    expect(branchKeys.versioned).toEqual([]);
  });
});

describe('a tenant on its way out', () => {
  beforeEach(() => {
    tenants.records.set('acme', { ...ACME, status: 'offboarding' });
  });

  test('is out when its key is disabled, and no event brings it back', async () => {
    await deliver(disable(1), enable(3));
    expect(acme()).toMatchObject({ status: 'offboarded', epoch: ACME.epoch + 1 });
  });

  test('is said to be revoked when its key is disabled', async () => {
    expect(await handleKeyEvent(disable(1), ports)).toEqual({ outcome: 'revoked', tenantIds: ['acme'] });
  });

  test('stays what it is when its key is put in question and works', async () => {
    await deliver(policy(1));
    expect(acme()).toMatchObject({ status: 'offboarding', epoch: ACME.epoch + 1 });
  });
});

describe('a suspended tenant', () => {
  test('keeps the newest reason against its key, and no event brings it back', async () => {
    tenants.records.set('acme', { ...ACME, status: 'suspended' });
    await deliver(disable(1), enable(3));
    expect(acme()).toMatchObject({ status: 'suspended', epoch: ACME.epoch, signal: { name: 'DisableKey' } });
  });
});

describe('a row that is no tenant’s, among those who hold the key', () => {
  const failure = new TenantInvalidError('the row pk tenant#edited is no record of tenant edited');
  beforeEach(() => {
    tenants.invalid = failure;
  });

  test('keeps nobody else from being turned, and is thrown, so that the event comes again', async () => {
    await expect(handleKeyEvent(disable(1), ports)).rejects.toBe(failure);
    expect(acme()).toMatchObject({ status: 'revoked', epoch: ACME.epoch + 1 });
    expect([...hearings.heard.keys()]).toEqual([ACME.kekArn]);
    await expect(handleKeyEvent(disable(1), ports)).rejects.toBe(failure);
    expect(acme()?.epoch).toBe(ACME.epoch + 1);
  });

  test('is thrown though nobody else holds the key', async () => {
    tenants.records.clear();
    await expect(handleKeyEvent(disable(1), ports)).rejects.toBe(failure);
  });

  test('is no reason to deliver again what is only heard', async () => {
    expect((await handleKeyEvent(callEvent('TagResource', at(1), ACME), ports)).outcome).toBe('ignored');
    expect([...hearings.heard.keys()]).toEqual([ACME.kekArn]);
  });
});
