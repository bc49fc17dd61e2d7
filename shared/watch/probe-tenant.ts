/** Probes one tenant's key, and turns the tenant if the probe says so. A probe is three requests to KMS. */
import type { ControlPlaneKms } from '../ports/kms.ts';
import type { Tenants } from '../ports/tenants.ts';
import { changeTenant } from '../revocation/change.ts';
import { type Probe, probeKey } from '../revocation/probe.ts';
import { hasProbeCiphertexts, probeCiphertextsOf } from '../revocation/probe-ciphertext.ts';
import { probed } from '../revocation/transition.ts';
import { rulesOf } from '../tenant/status.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import type { Tenant } from '../tenant/tenant.ts';
import type { Notice } from './notice.ts';

export interface ProbePorts {
  readonly tenants: Pick<Tenants, 'tenant' | 'replace' | 'keepProbeCiphertexts'>;
  readonly kms: ControlPlaneKms;
  /** The longest that KMS may take to spread a change of a key. */
  readonly propagationSeconds: number;
  readonly now: () => Date;
  readonly report: (notice: Notice) => void;
}

/** The longest that the deletion of a key waits. A key that goes later than this is not worth a warning yet. */
const WARNING_MS = 30 * 86_400_000;

/** @throws StorageUnavailableError */
export async function probeTenant(tenant: Tenant, ports: ProbePorts): Promise<void> {
  if (!rulesOf(tenant).isProbed) return;
  const { tenantId } = tenant;
  const moment = { now: ports.now(), propagationSeconds: ports.propagationSeconds };
  const probe = await probeKey(tenant, ports.kms);
  for (const notice of noticesOf(tenantId, probe, moment.now)) ports.report(notice);
  // A verdict on the key as it was before somebody else changed the tenant says nothing.
  const change = await changeTenant(tenantId, ports.tenants, (current) =>
    current.epoch === tenant.epoch ? probed(current, probe, moment) : undefined,
  );
  if (change === undefined) return await keepProbeCiphertexts(tenant, probe, ports);
  const name = rulesOf(change.after).encrypts ? 'activated' : 'revoked';
  ports.report({ name, tenantId, signal: change.after.signal.name });
}

function noticesOf(tenantId: TenantId, probe: Probe, now: Date): readonly Notice[] {
  const warnings = probe.warnings.filter(({ at }) => Date.parse(at) - now.getTime() <= WARNING_MS);
  const notices: Notice[] = warnings.map((warning) => ({ name: 'warning', tenantId, warning }));
  if ('unreachable' in probe)
    return [...notices, { name: 'unreachable', tenantId, error: probe.unreachable }];
  return probe.unclear === undefined
    ? notices
    : [...notices, { name: 'unclear', tenantId, error: probe.unclear }];
}

/**
 * Makes ciphertexts for a tenant of an earlier version, when the region of its key does not know the first way of
 * asking. From the next run on there is a second way.
 */
async function keepProbeCiphertexts(tenant: Tenant, probe: Probe, ports: ProbePorts): Promise<void> {
  if (!rulesOf(tenant).rotates || probe.unclear === undefined || hasProbeCiphertexts(tenant)) return;
  await ports.tenants.keepProbeCiphertexts(tenant, await probeCiphertextsOf(tenant, ports.kms));
}
