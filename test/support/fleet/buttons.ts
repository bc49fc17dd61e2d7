/** What a tenant can do to its key; KMS refuses what its state does not allow. */
import type { Known } from './command.ts';
import type { Fleet } from './fleet.ts';
import { deliver, type How } from './hearing.ts';
import type { TenantKey } from './tenant-keys.ts';

export const BUTTONS: Readonly<Record<string, (key: TenantKey) => Promise<unknown>>> = {
  disable: async (key) => await key.change('DisableKey'),
  enable: async (key) => await key.change('EnableKey'),
  rotate: async (key) => !key.imported && (await key.change('RotateKeyOnDemand')),
  'schedule deletion': async (key) => await key.change('ScheduleKeyDeletion', { PendingWindowInDays: 7 }),
  'cancel deletion': async (key) => await key.change('CancelKeyDeletion'),
  'lock out': async (key) => await key.lockOut(),
  'let in': async (key) => await key.letIn(),
  'delete material': async (key) => await key.change('DeleteImportedKeyMaterial'),
  import: async (key) => key.imported && (await key.importMaterial()),
  'import for a minute': async (key) => key.imported && (await key.importMaterial(Date.now() + 60_000)),
};

/** Without `how`, what it does is heard of later. */
export async function press(
  fleet: Fleet,
  known: Known,
  tenant: string,
  name: string,
  how?: How,
): Promise<void> {
  known.disturbed.add(tenant);
  const key = fleet.account.keyOf.get(tenant);
  await (key && BUTTONS[name]?.(key));
  if (how !== undefined) await deliver(fleet, fleet.account.events.length - 1, how);
}
