/** The buttons of a tenant's key. KMS refuses those that the key's state does not allow. */
import type { Known } from './command.ts';
import type { Fleet } from './fleet.ts';
import { deliverNewest, type How } from './hearing.ts';
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

export interface Press {
  readonly tenant: string;
  /** One of BUTTONS. */
  readonly button: string;
  /** The way the event of it arrives. Without it, the event arrives later. */
  readonly how?: How | undefined;
}

export async function press(fleet: Fleet, known: Known, { tenant, button, how }: Press): Promise<void> {
  known.disturbed.add(tenant);
  const key = fleet.account.keyOf.get(tenant);
  await (key && BUTTONS[button]?.(key));
  await deliverNewest(fleet, how);
}
