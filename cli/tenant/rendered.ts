/** Gets the files that a tenant deploys in its account, and writes them to a folder. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TenantId } from '../../shared/tenant/tenant-id.ts';
import type { Rendered } from '../../shared/onboarding/onboard.ts';
import { renderedSchema } from './answers.ts';
import { UsageError } from '../session/failure.ts';
import type { Session } from '../session/session.ts';

/** A key that exists already. */
export interface KnownKey {
  readonly kekArn: string;
  readonly replicaArns: readonly string[];
  readonly keyModes: readonly string[];
}

/** A new key, which the files make. */
export interface FutureKey {
  readonly tenantAccountId: string;
  readonly keyRegion: string;
  readonly replicaRegions: readonly string[];
  readonly keyModes: readonly string[];
}

export async function render(
  tenantId: TenantId,
  key: KnownKey | FutureKey,
  { controlPlane }: Pick<Session, 'controlPlane'>,
): Promise<Rendered> {
  const event = { action: 'render', tenantId, ...('kekArn' in key ? existingKey(key) : key) };
  return await controlPlane.invoke('onboard', event, renderedSchema);
}

/**
 * Writes the files to the folder, and makes the folder if it is missing.
 * @throws UsageError when the folder has a different file of one of these names, unless `overwrite`
 */
export async function writeRendered(
  { files }: Rendered,
  folder: string,
  { overwrite }: { readonly overwrite: boolean },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const texts = await Promise.all(files.map(async ({ name }) => await textOf(join(folder, name))));
  const others = files.filter(({ text }, index) => texts[index] !== undefined && texts[index] !== text);
  if (others.length > 0 && !overwrite)
    throw new UsageError(
      `${others.map(({ name }) => join(folder, name)).join(', ')} would be replaced; ` +
        'choose another folder, or add --overwrite',
    );
  for (const { name, text } of files)
    await writeFile(join(folder, name), text, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
}

export function describeWritten({ files }: Rendered, folder: string): string {
  const names = files.map(({ name }) => name).join(', ');
  return `Written to ${folder}: ${names}. The tenant's administrator begins with README.md.`;
}

/** Reads account and regions from the ARNs. The function that renders checks the ARNs themselves. */
function existingKey({ kekArn, replicaArns, keyModes }: KnownKey): object {
  return {
    tenantAccountId: kekArn.split(':')[4] ?? '',
    keyRegion: regionOf(kekArn),
    keyModes,
    existingKeyArn: kekArn,
    replicaRegions: replicaArns.map(regionOf),
  };
}

function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
