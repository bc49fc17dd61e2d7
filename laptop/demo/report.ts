/** The result of a demo: the document that `--json` prints, and the same for a person. */
import Table from 'cli-table3';
import type { Attempt } from './cross-tenant.ts';
import type { VaultEntry } from './vault-search.ts';

export interface ObjectReport {
  readonly tenantId: string;
  readonly key: string;
  readonly bytes: number;
  readonly chunks: number;
  readonly sha256: string;
  readonly restoredSha256: string;
  readonly sealedSeconds: number;
  readonly restoreSeconds: number;
}

export interface DemoReport {
  readonly objects: readonly ObjectReport[];
  /** Calls of the pipeline by KMS operation. */
  readonly kms: { readonly GenerateDataKey: number; readonly Decrypt: number };
  readonly plaintextFound: boolean;
  readonly crossTenantRefused: boolean;
  readonly ok: boolean;
}

export interface Findings {
  readonly objects: readonly ObjectReport[];
  readonly kms: DemoReport['kms'];
  readonly vault: readonly VaultEntry[];
  readonly sourcesLeft: number;
  readonly searchedBytes: number;
  readonly foundIn: readonly string[];
  readonly attempts: readonly Attempt[];
  readonly seconds: number;
}

export function reportOf({ objects, kms, sourcesLeft, foundIn, attempts }: Findings): DemoReport {
  const plaintextFound = foundIn.length > 0;
  const crossTenantRefused = attempts.every(({ refusedWith }) => refusedWith !== undefined);
  const intact = objects.every(({ sha256, restoredSha256 }) => sha256 === restoredSha256);
  const ok = intact && sourcesLeft === 0 && !plaintextFound && crossTenantRefused;
  return { objects, kms, plaintextFound, crossTenantRefused, ok };
}

export function describe(findings: Findings, report: DemoReport): string {
  const { vault, sourcesLeft, searchedBytes, foundIn, attempts, seconds } = findings;
  return [
    '\nAt rest in the vault:',
    vaultTable(vault),
    `Left in the ingest bucket: ${sourcesLeft} objects`,
    '\nRestored, and compared by SHA-256:',
    objectTable(report.objects),
    `Plaintext searched for in ${size(searchedBytes)} at rest: ${foundIn.length === 0 ? 'none' : foundIn.join(', ')}`,
    '\nAcross tenants:',
    ...attempts.map(({ how, refusedWith }) => `  ${how}: ${refusedWith ?? 'OPENED'}`),
    `\nKMS: ${report.kms.GenerateDataKey} GenerateDataKey, ${report.kms.Decrypt} Decrypt. ${seconds.toFixed(1)} s in all.`,
    report.ok ? 'Everything is as it should be.' : 'NOT as it should be.',
  ].join('\n');
}

function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

const MAX_ROWS = 24;

function vaultTable(entries: readonly VaultEntry[]): string {
  const table = new Table({
    head: ['key', 'bytes'],
    colAligns: ['left', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { key, bytes } of entries.slice(0, MAX_ROWS)) table.push([key, bytes]);
  const more = entries.length - MAX_ROWS;
  return table.toString() + (more > 0 ? `\n… and ${more} more` : '');
}

function objectTable(objects: readonly ObjectReport[]): string {
  const head = ['tenant', 'object', 'size', 'chunks', 'sealed s', 'restored s', 'SHA-256'];
  const colAligns: Table.HorizontalAlignment[] = ['left', 'left', 'right', 'right', 'right', 'right', 'left'];
  const table = new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
  for (const object of objects) {
    const same = object.sha256 === object.restoredSha256;
    table.push([
      object.tenantId,
      object.key,
      size(object.bytes),
      object.chunks === 0 ? 'inline' : object.chunks,
      object.sealedSeconds.toFixed(1),
      object.restoreSeconds.toFixed(1),
      `${same ? '=' : 'DIFFERS'} ${object.restoredSha256.slice(0, 12)}…`,
    ]);
  }
  return table.toString();
}
