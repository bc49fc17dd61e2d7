import { describe, expect, test } from 'vitest';
import { parseOffboardRequest } from '../../shared/offboarding/request.ts';
import { REQUEST } from '../support/removal-world.ts';

describe('a request', () => {
  test('to remove drains and keeps the ciphertext and the branch keys unless it says otherwise', () => {
    const { drain, deleteCiphertext, shredBranchKeys, ...request } = REQUEST;
    const defaults = { drain: true, deleteCiphertext: false, shredBranchKeys: false };
    expect(parseOffboardRequest(request)).toEqual({ ...request, ...defaults });
    expect({ drain, deleteCiphertext, shredBranchKeys }).toEqual(defaults);
  });

  test.each([
    { action: 'remove', tenantId: 'acme' },
    { action: 'remove', tenantId: 'acme', signedOffBy: '' },
    { action: 'suspend' },
    { action: 'destroy', tenantId: 'acme' },
    { action: 'suspend', tenantId: 'Acme' },
  ])('is refused when it is malformed: %j', (request) => {
    expect(() => parseOffboardRequest(request)).toThrow(
      expect.objectContaining({ code: 'ERR_EVENT_INVALID' }),
    );
  });
});
