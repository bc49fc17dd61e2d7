/** The log of the tenants that a sandbox revokes itself, because KMS refused it a key. */
import type { RevocationLog } from '../revocation/first-hand.ts';
import { count, loggablePartOf, logger } from './observe.ts';

export const revocationLog: RevocationLog = {
  revoked({ tenantId, epoch, signal }) {
    count('TenantRevoked');
    logger.warn('tenant revoked', { tenantId, epoch, signal });
  },
  notRevoked({ tenantId, epoch }, failure) {
    logger.error('tenant not revoked', { tenantId, epoch, ...loggablePartOf(failure) });
  },
};
