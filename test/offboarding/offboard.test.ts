import { beforeEach, describe, expect, test } from 'vitest';
import { StorageUnavailableError } from '../../shared/errors.ts';
import { objectIdOf } from '../../shared/chunk/object-id.ts';
import { planOf } from '../../shared/chunk/plan.ts';
import { remove, type Removed, type RemovePorts } from '../../shared/offboarding/remove.ts';
import type { Removal } from '../../shared/offboarding/removal.ts';
import { parseOffboardRequest, type RemoveRequest } from '../../shared/offboarding/request.ts';
import { disabled } from '../../shared/revocation/transition.ts';
import { resume, suspend } from '../../shared/offboarding/suspend.ts';
import type { ListedVersion } from '../../shared/ports.ts';
import type { Tenant, TenantStatus } from '../../shared/tenant/tenant.ts';
import { effects } from '../support/effects.ts';
import { type MemoryParking, memoryParking } from '../support/memory-parking.ts';
import { type MemoryProbe, memoryProbe } from '../support/memory-probe.ts';
import { memoryState, type MemoryState } from '../support/memory-state.ts';
import { type MemoryTenants, memoryTenants } from '../support/memory-tenants.ts';
import { ACME } from '../support/tenants.ts';
import { NEVER } from '../support/world.ts';

const START_MS = Date.parse('2026-03-01T12:00:00.000Z');
const PROPAGATION_SECONDS = 300;

let tenants: MemoryTenants;
let kms: MemoryProbe;
let state: MemoryState;
let parking: MemoryParking;
let nowMs: number;
/** What is in the ingest bucket. */
let versions: ListedVersion[];
/** Versions in the vault; each deletion takes up to two. */
let ciphertext: number;
let shredded: string[];
let removals: Map<string, Removal>;
let ports: RemovePorts;
beforeEach(() => {
  tenants = memoryTenants(ACME);
  kms = memoryProbe();
  state = memoryState(effects());
  parking = memoryParking(effects());
  nowMs = START_MS;
  versions = [];
  ciphertext = 5;
  shredded = [];
  removals = new Map();
  ports = {
    tenants,
    kms,
    state,
    parking,
    listing: { page: async () => await Promise.resolve({ versions, next: undefined }) },
    removals: {
      read: async (tenantId) => await Promise.resolve(removals.get(tenantId)),
      write: async (removal) => {
        await Promise.resolve();
        removals.set(removal.tenantId, removal);
      },
    },
    deleteCiphertext: async () => {
      await Promise.resolve();
      const deleted = Math.min(2, ciphertext);
      ciphertext -= deleted;
      return deleted;
    },
    shredBranchKey: async (id) => {
      await Promise.resolve();
      shredded.push(id);
      return 3;
    },
    propagationSeconds: PROPAGATION_SECONDS,
    now: () => new Date(nowMs),
  };
});

const REQUEST: RemoveRequest = {
  action: 'remove',
  tenantId: ACME.tenantId,
  signedOffBy: 'legal@example.com',
  drain: true,
  deleteCiphertext: false,
};

function become(change: Partial<Tenant>): void {
  tenants.records.set('acme', { ...ACME, ...change });
}

function acme(): Tenant | undefined {
  return tenants.records.get('acme');
}

/** Asks again and again, as the command line does, and lets time pass. */
async function removed(request: Partial<RemoveRequest> = {}): Promise<Removed> {
  for (let times = 0; times < 10; times += 1) {
    const answer = await remove({ ...REQUEST, ...request }, ports, NEVER);
    if (answer.done) return answer;
    nowMs += 5_000;
  }
  throw new Error('it never ends');
}

/** An upload that is in the ingest bucket; planned, unless it came too late. */
async function uploaded(name: string, planned = true): Promise<void> {
  const version = {
    bucket: 'ingest',
    key: `acme/${name}`,
    versionId: 'v1',
    sizeBytes: 5,
    uploadedAt: '2026-03-01T11:00:00.000Z',
  };
  versions.push(version);
  if (!planned) return;
  const upload = {
    tenantId: ACME.tenantId,
    key: name,
    source: { ...version, sequencer: '00' },
    sizeBytes: 5,
  };
  const plan = planOf(upload, ACME.kekArn, 65_536, new Date(nowMs));
  await state.createPlan(plan);
}

function seal(): void {
  for (const plan of state.plans.values()) void state.markSealed(plan, new Date(nowMs).toISOString());
  versions = [];
}

describe('a tenant that is suspended', () => {
  test.each(['active', 'revoked'] as const)('is so from %s, in another epoch, and once', async (status) => {
    become({ status });
    expect(await suspend(ACME.tenantId, ports)).toEqual({ tenantId: 'acme', status: 'suspended' });
    await suspend(ACME.tenantId, ports);
    expect(acme()).toMatchObject({ status: 'suspended', epoch: ACME.epoch + 1 });
  });

  test('goes on when we resume it and its key works', async () => {
    await suspend(ACME.tenantId, ports);
    expect(await resume(ACME.tenantId, ports)).toMatchObject({ status: 'active' });
    expect(acme()?.epoch).toBe(ACME.epoch + 2);
  });

  test('stays so when its key is refused', async () => {
    await suspend(ACME.tenantId, ports);
    kms.refuse('DisabledException');
    await expect(resume(ACME.tenantId, ports)).rejects.toMatchObject({ code: 'ERR_TENANT_KEY_UNUSABLE' });
    expect(acme()?.status).toBe('suspended');
  });

  test('stays so while KMS may not know yet that its key was disabled', async () => {
    become({ status: 'revoked', signal: { name: 'DisableKey', at: new Date(START_MS).toISOString() } });
    await suspend(ACME.tenantId, ports);
    nowMs += PROPAGATION_SECONDS * 1000 - 1;
    await expect(resume(ACME.tenantId, ports)).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
    nowMs += 1;
    expect(await resume(ACME.tenantId, ports)).toMatchObject({ status: 'active' });
  });

  test('and that went on, is revoked when we hear only then that its key was disabled before', async () => {
    const at = new Date(START_MS - 1_000).toISOString();
    await suspend(ACME.tenantId, ports);
    await resume(ACME.tenantId, ports);
    expect(disabled(acme() ?? ACME, { name: 'DisableKey', at })).toMatchObject({ status: 'revoked' });
  });

  test.each(['pending', 'offboarding', 'offboarded'] as const)('cannot be one that is %s', async (status) => {
    become({ status });
    await expect(suspend(ACME.tenantId, ports)).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
    await expect(resume(ACME.tenantId, ports)).rejects.toMatchObject({ code: 'ERR_EVENT_INVALID' });
    expect(acme()?.status).toBe(status);
  });

  test('is none that nobody registered', async () => {
    tenants.records.clear();
    await expect(suspend(ACME.tenantId, ports)).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' });
  });
});

describe('a removal', () => {
  test('ends with a summary of what was done, and who answers for it', async () => {
    const { removal } = await removed();
    expect(removal).toEqual({
      tenantId: 'acme',
      signedOffBy: 'legal@example.com',
      startedAt: new Date(START_MS).toISOString(),
      finishedAt: new Date(nowMs).toISOString(),
      keysDroppedAt: new Date(START_MS).toISOString(),
      step: 'done',
      drain: true,
      deleteCiphertext: false,
      kekArns: [ACME.kekArn],
      branchKeyIds: [],
      branchKeyRowsDeleted: 0,
      ciphertextVersionsDeleted: 0,
      jobsLeftParked: 0,
      uploadsLeft: 0,
    });
    expect(acme()?.status).toBe('offboarded');
    expect(ciphertext).toBe(5);
  });

  test('closes the intake, and waits until what is planned is sealed', async () => {
    await uploaded('first');
    const answer = await remove(REQUEST, ports, NEVER);
    expect(answer).toMatchObject({ done: false, waiting: 1 });
    expect(acme()).toMatchObject({ status: 'offboarding', epoch: ACME.epoch + 1 });
    expect(await remove(REQUEST, ports, NEVER)).toMatchObject({ done: false, waiting: 1 });
    expect(acme()?.epoch).toBe(ACME.epoch + 1);
    seal();
    expect((await removed()).done).toBe(true);
    expect(acme()).toMatchObject({ status: 'offboarded', epoch: ACME.epoch + 2 });
  });

  test('that drains is over when we hear that the key was disabled before it began', async () => {
    await uploaded('first');
    await remove(REQUEST, ports, NEVER);
    const at = new Date(START_MS - 1_000).toISOString();
    expect(disabled(acme() ?? ACME, { name: 'DisableKey', at })).toMatchObject({ status: 'offboarded' });
  });

  test.each([false, true])(
    'lets work in flight end before anything is destroyed, whatever was heard of the key: ciphertext too: %s',
    async (deleteCiphertext) => {
      const signal = { name: 'DisableKey', at: new Date(START_MS - 3_000).toISOString() };
      become({ status: 'revoked', signal, keyMode: 'hierarchical', branchKeyId: 'acme.1' });
      const request = { ...REQUEST, deleteCiphertext };
      expect((await remove(request, ports, NEVER)).done).toBe(false);
      nowMs += 1_999;
      expect((await remove(request, ports, NEVER)).done).toBe(false);
      expect([ciphertext, shredded]).toEqual([5, []]);
      nowMs += 1;
      expect((await remove(request, ports, NEVER)).done).toBe(true);
      expect([ciphertext, shredded]).toEqual([deleteCiphertext ? 0 : 5, ['acme.1']]);
    },
  );

  test('waits for nothing that came after the intake was closed, and counts it', async () => {
    await uploaded('too late', false);
    expect((await removed()).removal.uploadsLeft).toBe(1);
  });

  test('without a drain leaves what is planned parked, and counts it', async () => {
    await uploaded('first');
    await parking.park({
      job: { tenantId: ACME.tenantId, objectId: objectIdOf('ingest', 'acme/first', 'v1'), chunkIndex: 0 },
      arrival: '1#a',
    });
    expect((await removed({ drain: false })).removal).toMatchObject({
      drain: false,
      jobsLeftParked: 1,
      uploadsLeft: 1,
    });
  });

  test('can give up a drain that was begun', async () => {
    await uploaded('first');
    await remove(REQUEST, ports, NEVER);
    expect(await removed({ drain: false })).toMatchObject({ done: true, removal: { drain: false } });
  });

  test('of a tenant whose key is gone is blocked by what is planned, and says what to do', async () => {
    await uploaded('first');
    become({ status: 'revoked' });
    kms.refuse('DisabledException');
    expect(await remove(REQUEST, ports, NEVER)).toMatchObject({
      done: false,
      waiting: 1,
      blocked: expect.stringMatching(/without a drain/u),
    });
    expect(acme()?.status).toBe('offboarded');
  });

  test('goes on draining when the key is back, once KMS knows', async () => {
    await uploaded('first');
    await remove(REQUEST, ports, NEVER);
    const signal = { name: 'DisableKey', at: new Date(nowMs).toISOString() };
    become({ status: 'offboarded', epoch: 20, signal });
    expect(await remove(REQUEST, ports, NEVER)).toMatchObject({ blocked: expect.any(String) });
    nowMs += PROPAGATION_SECONDS * 1000;
    expect(await remove(REQUEST, ports, NEVER)).not.toHaveProperty('blocked');
    expect(acme()).toMatchObject({ status: 'offboarding', epoch: 21 });
  });

  test('never uses a key that was never proven', async () => {
    await uploaded('first');
    become({ status: 'pending' });
    expect((await removed()).removal).toMatchObject({ drain: false, uploadsLeft: 1 });
    expect(kms.calls).toEqual([]);
  });

  test('is to be tried again when KMS is out of reach, and loses nothing', async () => {
    await uploaded('first');
    become({ status: 'revoked' });
    kms.refuse('KMSInternalException');
    await expect(remove(REQUEST, ports, NEVER)).rejects.toMatchObject({ code: 'ERR_KMS_UNAVAILABLE' });
    kms.refuse(undefined);
    expect(await remove(REQUEST, ports, NEVER)).toMatchObject({ done: false, waiting: 1 });
    expect(acme()?.status).toBe('offboarding');
  });

  test('deletes the ciphertext by choice, once nothing can be written any more', async () => {
    const request = { ...REQUEST, deleteCiphertext: true };
    expect(await remove(request, ports, NEVER)).toMatchObject({ done: false });
    expect(ciphertext).toBe(5);
    const { removal } = await removed(request);
    expect(removal.ciphertextVersionsDeleted).toBe(5);
    expect(ciphertext).toBe(0);
  });

  test('stops when its time is up, and goes on where it stopped', async () => {
    const request = { ...REQUEST, deleteCiphertext: true };
    await remove(request, ports, NEVER);
    nowMs += 5_000;
    const answer = await remove(request, ports, AbortSignal.abort());
    expect(answer).toMatchObject({ done: false, removal: { ciphertextVersionsDeleted: 2 } });
    expect((await removed(request)).removal.ciphertextVersionsDeleted).toBe(5);
  });

  test('goes on after a crash between any two steps', async () => {
    become({ branchKeyId: 'acme.2' });
    const kept = ports.removals;
    let writes = 0;
    ports = {
      ...ports,
      removals: {
        ...kept,
        write: async (removal) => {
          writes += 1;
          if (writes % 2 === 1) throw new StorageUnavailableError('crashed');
          await kept.write(removal);
        },
      },
    };
    const answers: Removed[] = [];
    while (answers.at(-1)?.done !== true) {
      nowMs += 5_000;
      answers.push(
        ...(await remove(REQUEST, ports, NEVER).then(
          (answer) => [answer],
          () => [],
        )),
      );
    }
    expect(answers.at(-1)?.removal).toMatchObject({ step: 'done', branchKeyRowsDeleted: 3 });
  });

  test('shreds the branch keys of the key and of those before it', async () => {
    const retiredKeks = [{ kekArn: `${ACME.kekArn}0`, replicaArns: [], branchKeyIds: ['acme.1'] }];
    become({ branchKeyId: 'acme.2', retiredKeks });
    expect((await removed()).removal).toMatchObject({
      branchKeyIds: ['acme.1', 'acme.2'],
      branchKeyRowsDeleted: 6,
      kekArns: [ACME.kekArn, `${ACME.kekArn}0`],
    });
    expect(shredded).toEqual(['acme.1', 'acme.2']);
  });

  test('asked for again answers as it did, and does nothing', async () => {
    const first = await removed();
    const before = acme();
    nowMs += 86_400_000;
    expect(await remove({ ...REQUEST, signedOffBy: 'somebody else' }, ports, NEVER)).toEqual(first);
    expect(acme()).toBe(before);
  });

  test('of a tenant that nobody registered is refused', async () => {
    tenants.records.clear();
    await expect(remove(REQUEST, ports, NEVER)).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' });
  });

  test.each<TenantStatus>(['pending', 'active', 'revoked', 'suspended'])('works from %s', async (status) => {
    become({ status });
    await removed();
    expect(acme()?.status).toBe('offboarded');
  });
});

describe('a request', () => {
  test('to remove drains and keeps the ciphertext unless it says otherwise', () => {
    const { drain, deleteCiphertext, ...request } = REQUEST;
    expect(parseOffboardRequest(request)).toEqual({ ...request, drain: true, deleteCiphertext: false });
    expect([drain, deleteCiphertext]).toEqual([true, false]);
  });

  test.each([
    { action: 'remove', tenantId: 'acme' },
    { action: 'remove', tenantId: 'acme', signedOffBy: '' },
    { action: 'suspend' },
    { action: 'destroy', tenantId: 'acme' },
    { action: 'suspend', tenantId: 'Acme' },
  ])('is none: %j', (request) => {
    expect(() => parseOffboardRequest(request)).toThrow(
      expect.objectContaining({ code: 'ERR_EVENT_INVALID' }),
    );
  });
});
