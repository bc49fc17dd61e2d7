/** `tenant add` with all of its checks, as an operator types it: the command line, cold, against a local AWS. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../laptop/drill/median.ts';
import type { LocalProcess } from '../laptop/local-process.ts';
import { ISV_ACCOUNT, REGION } from '../laptop/names.ts';
import type { KeyMode } from '../shared/tenant/tenant.ts';
import { createKek } from './bench-tenant.ts';
import type { Figure } from './report.ts';

const CLI = fileURLToPath(new URL('../cli/sealstream.mjs', import.meta.url));
const KEY_MODES: readonly KeyMode[] = ['per-chunk', 'cached', 'hierarchical'];
const ROUNDS = 3;

export async function benchOnboarding(local: LocalProcess): Promise<readonly Figure[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    for (const keyMode of KEY_MODES)
      times.push(await secondsToAdd(local, `add-${round}-${keyMode}`, keyMode));
  return [
    { name: 'tenant add, all checks, median', value: median(times), unit: 's' },
    { name: 'tenant add, all checks, slowest', value: Math.max(...times), unit: 's', reach: { atMost: 3 } },
  ];
}

/** Throws, with what it says, unless the tenant is active then. */
async function secondsToAdd({ endpoint }: LocalProcess, tenantId: string, keyMode: KeyMode): Promise<number> {
  const kekArn = await createKek(endpoint, tenantId, keyMode);
  const key = ['--kek-arn', kekArn, '--key-mode', keyMode];
  const where = ['--stage', 'local', '--endpoint-url', endpoint, '--region', REGION];
  const env = { ...process.env, AWS_ACCESS_KEY_ID: ISV_ACCOUNT, AWS_SECRET_ACCESS_KEY: 'local' };
  const startedAt = performance.now();
  await promisify(execFile)(process.execPath, [CLI, ...where, 'tenant', 'add', tenantId, ...key], { env });
  return (performance.now() - startedAt) / 1000;
}
