/** The stage of a drill: a local AWS of its own, the log of its sandboxes, and two tenants. */
import { join } from 'node:path';
import { type LocalProcess, startLocalProcess } from '../local-process.ts';
import { PipelineClient } from '../client.ts';
import { type Button, buttonOf } from './button.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { keyUseOf, type SandboxKeyUse } from './key-use.ts';
import { tailLog } from './log-tail.ts';
import { type Registry, registryOf } from './registry.ts';
import { createSeals, type Seals } from './seals.ts';

/** A tenant of the drill. */
export interface Holder {
  readonly tenantId: string;
  readonly kekArn: string;
  readonly button: Button;
}

export interface Stage {
  readonly local: LocalProcess;
  readonly client: PipelineClient;
  readonly registry: Registry;
  readonly seals: Seals;
  readonly deliveries: Deliveries;
  /** Grows while the log tells of more. */
  readonly uses: readonly SandboxKeyUse[];
  /** The tenant whose button is pressed. */
  readonly revoked: Holder;
  readonly other: Holder;
}

/** Both tenants' keys are cached from the start. Everything is ended, and all data removed, by `opened`. */
export async function openStage(
  sandboxes: number,
  maxKeyAgeSeconds: number,
  opened: AsyncDisposableStack,
): Promise<Stage> {
  const local = await startLocalProcess({ sandboxes });
  opened.defer(async () => void (await local.close()));
  const [seals, deliveries] = [createSeals(), createDeliveries()];
  const uses: SandboxKeyUse[] = [];
  const tail = await tailLog(join(local.dataDir, 'functions.log'), (line) => {
    seals.see(line);
    deliveries.see(line);
    const use = keyUseOf(line);
    if (use !== undefined) uses.push(use);
  });
  opened.defer(async () => await tail.close());
  const registry = registryOf(local.endpoint);
  const hold = async (tenantId: string): Promise<Holder> => {
    await registry.cacheKeys(tenantId, maxKeyAgeSeconds);
    const { kekArn } = await registry.tenant(tenantId);
    return { tenantId, kekArn, button: buttonOf(local.endpoint, kekArn) };
  };
  const client = new PipelineClient(local.endpoint);
  const [revoked, other] = [await hold('acme'), await hold('globex')];
  return { local, client, registry, seals, deliveries, uses, revoked, other };
}
