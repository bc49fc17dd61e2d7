/** What a sandbox tells of the tenants it revoked itself. */
import type { RevocationLog } from '../revocation/first-hand.ts';
import { count, loggable, logger } from './observe.ts';

export const revocationLog: RevocationLog = {
  revoked({ tenantId, epoch, signal }) {
    count('TenantRevoked');
    logger.warn('tenant revoked', { tenantId, epoch, signal });
  },
  notRevoked({ tenantId, epoch }, failure) {
    logger.error('tenant not revoked', { tenantId, epoch, ...loggable(failure) });
  },
};
