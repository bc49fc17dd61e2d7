import { beforeEach, describe, expect, test } from 'vitest';
import { TenantInvalidError } from '../../shared/errors.ts';
import { parseOnboardRequest } from '../../shared/onboarding/request.ts';
import { ISV } from '../support/onboarding-inputs.ts';
import { KEK_ARN, NOW, type OnboardingWorld, onboardingWorld } from '../support/onboarding-world.ts';
import { ACME, GLOBEX } from '../support/tenants.ts';

const kekArn = KEK_ARN;

let world: OnboardingWorld;
beforeEach(() => {
  world = onboardingWorld();
});

describe('tenants', () => {
  test('are shown with the parked jobs and the time of the last event', async () => {
    world.tenants.records.set('acme', ACME);
    expect(await world.answer({ action: 'show', tenantId: 'acme' })).toEqual({
      tenant: ACME,
      parkedJobs: 0,
      heardAt: { [kekArn]: NOW.toISOString() },
    });
  });

  test('are checked without being changed', async () => {
    world.tenants.records.set('acme', { ...ACME, status: 'pending' });
    expect((await world.ask({ action: 'check' })).status).toBe('pending');
    expect(world.tenants.records.get('acme')?.status).toBe('pending');
  });

  test('are listed page by page', async () => {
    world.tenants.records.set('acme', ACME);
    world.tenants.records.set('globex', GLOBEX);
    expect(await world.answer({ action: 'list' })).toEqual({ tenants: [ACME, GLOBEX] });
    expect(await world.answer({ action: 'list', limit: 1 })).toEqual({ tenants: [ACME], after: 'acme' });
    expect(await world.answer({ action: 'list', limit: 1, after: 'acme' })).toEqual({ tenants: [GLOBEX] });
  });

  test('are listed although one row is not a valid tenant; the last page names it', async () => {
    world.tenants.records.set('acme', ACME);
    world.tenants.records.set('globex', GLOBEX);
    world.tenants.invalid = new TenantInvalidError('the row pk tenant#edited');
    expect(await world.answer({ action: 'list', limit: 1 })).toEqual({ tenants: [ACME], after: 'acme' });
    expect(await world.answer({ action: 'list', limit: 1, after: 'acme' })).toEqual({
      tenants: [GLOBEX],
      invalid: 'the row pk tenant#edited',
    });
  });

  test('are checked although another row of the same key is not a valid tenant', async () => {
    world.tenants.invalid = new TenantInvalidError('the row pk tenant#edited');
    expect((await world.add()).status).toBe('active');
  });

  test('get their files rendered with our roles and our bus', async () => {
    const key = { tenantAccountId: '111111111111', keyRegion: 'eu-central-1' };
    const answer = await world.answer({ action: 'render', tenantId: 'acme', ...key });
    const text = JSON.stringify(answer);
    for (const arn of [ISV.encryptRoleArn, ISV.restoreRoleArn, ISV.controlRoleArn, ISV.eventBusArn])
      expect(text).toContain(arn);
  });

  test.each([
    {},
    { action: 'add' },
    { action: 'add', tenantId: 'A', kekArn },
    { action: 'delete' },
    { action: 'list', limit: 0 },
  ])('are not reached by the malformed request %j', (request) => {
    expect(() => parseOnboardRequest(request)).toThrow(
      expect.objectContaining({ code: 'ERR_EVENT_INVALID' }),
    );
  });
});
