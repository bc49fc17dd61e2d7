/** Measures the key modes, many tenants at once, and the time to add a tenant. */
import { startLocalProcess } from '../laptop/local-process.ts';
import { benchKeyModes, SANDBOXES } from './key-modes.ts';
import { benchOnboarding } from './onboarding.ts';
import { benchPooled } from './pooled.ts';
import type { Figure } from './report.ts';

export async function benchKeys(): Promise<readonly Figure[]> {
  const pooled = await benchPooled();
  const local = await startLocalProcess({ sandboxes: SANDBOXES });
  try {
    const added = await benchOnboarding(local);
    return [...(await benchKeyModes(local)), ...pooled, ...added];
  } finally {
    await local.close();
  }
}
