/** Answers one request about a tenant that is onboarded or stays. */
import { render, type RenderedFile } from '../handover/render.ts';
import { requireRegistered } from '../tenant/admission.ts';
import type { TenantId } from '../tenant/tenant-id.ts';
import { addTenant, type AddPorts, type Judged } from './add.ts';
import { changeKey } from './change-key.ts';
import { checkEvents, checkKeys, type CheckPorts } from './check.ts';
import { checkNames } from './named-key.ts';
import type { OnboardRequest, RenderRequest } from './request.ts';
import { type Listed, listTenants, type Shown, type ShowPorts, showTenant } from './show.ts';

export interface OnboardPorts extends Omit<AddPorts, 'tenants'>, Omit<ShowPorts, 'tenants' | 'hearings'> {
  readonly tenants: AddPorts['tenants'] & ShowPorts['tenants'];
  readonly stage: string;
}

export interface Rendered {
  readonly tenantId: TenantId;
  readonly files: readonly RenderedFile[];
}

export type OnboardAnswer = Judged | Shown | Listed | Rendered;

/** @throws EventInvalidError, TenantUnknownError; KmsUnavailableError, StorageUnavailableError: ask again */
export async function onboard(request: OnboardRequest, ports: OnboardPorts): Promise<OnboardAnswer> {
  const { action } = request;
  if (action === 'add') return await addTenant(request, ports);
  if (action === 'change-key') return await changeKey(request, ports);
  if (action === 'check') return await checkTenant(request.tenantId, ports);
  if (action === 'show') return await showTenant(request.tenantId, ports);
  return action === 'list' ? await listTenants(request, ports) : renderFor(request, ports);
}

/** Checks the keys and changes nothing. A pending tenant becomes active only when it is added again. */
async function checkTenant(
  tenantId: TenantId,
  ports: CheckPorts & Pick<OnboardPorts, 'tenants'>,
): Promise<Judged> {
  const tenant = requireRegistered(await ports.tenants.tenant(tenantId), tenantId);
  const [{ findings }, events] = await Promise.all([checkKeys(tenant, ports), checkEvents(tenant, ports)]);
  return {
    tenantId,
    status: tenant.status,
    findings: [...checkNames(tenant, ports.ourselves), ...findings, ...events],
  };
}

function renderFor(
  request: RenderRequest,
  { ourselves, stage }: Pick<OnboardPorts, 'ourselves' | 'stage'>,
): Rendered {
  const { tenantId, tenantAccountId, keyRegion, keyModes, existingKeyArn, replicaRegions } = request;
  const key = { tenantAccountId, keyRegion, keyModes, existingKeyArn, replicaRegions };
  return { tenantId, files: render({ tenantId, ...key, stage, ...ourselves }) };
}
