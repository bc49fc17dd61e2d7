/** `npm run demo`: the whole pipeline on real files, over the local AWS. Exits 1 if anything is not as promised. */
import { Command } from 'commander';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { geometryOf } from '../../shared/object/geometry.ts';
import { type LocalProcess, startLocalProcess } from '../local-process.ts';
import { PipelineClient } from '../client.ts';
import { tryCrossTenant } from './cross-tenant.ts';
import { progress } from './progress.ts';
import { describe, type Findings, reportOf } from './report.ts';
import { restoreAndCompare, uploadAndSeal } from './round-trip.ts';
import { type Sample, samples } from './samples.ts';
import { countSources, listVault, searchVault } from './vault-search.ts';

const TENANTS = ['acme', 'globex'];
/** Stage `local` of serverless.yml. */
const CHUNK_BYTES = Number(process.env['CHUNK_BYTES'] ?? 67_108_864);

const program = new Command('npm run demo --')
  .description(
    'Uploads files for two tenants, shows what rests in the vault, restores and compares everything.',
  )
  .argument('[FILE...]', 'files to upload (default: three of this checkout and one of 256 MiB)')
  .option('--json', 'print one JSON document on standard output and nothing else')
  .parse();
const { json = false } = program.opts<{ json?: boolean }>();

const folder = await mkdtemp(join(tmpdir(), 'sealstream-demo-'));
try {
  const files = await samples(program.args, folder);
  const findings = await run(files);
  const report = reportOf(findings);
  console.log(json ? JSON.stringify(report) : describe(findings, report));
  process.exitCode = report.ok ? 0 : 1;
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function run(files: readonly Sample[]): Promise<Findings> {
  say(
    'Starting the local AWS: S3, KMS, SQS, DynamoDB, EventBridge and the functions, each sandbox a process …',
  );
  const local = await startLocalProcess();
  try {
    return await demonstrate(local, files);
  } finally {
    await local.close();
  }
}

async function demonstrate(local: LocalProcess, files: readonly Sample[]): Promise<Findings> {
  const startedAt = performance.now();
  const client = new PipelineClient(local.endpoint);
  const bars = progress();
  const trips = TENANTS.flatMap((tenantId) =>
    files.map((sample) => {
      const { chunkCount } = geometryOf(sample.bytes, CHUNK_BYTES);
      return { tenantId, sample, bar: bars.object(`${tenantId}/${sample.key}`, sample.bytes, chunkCount) };
    }),
  );
  say(`Uploading ${files.length} files for ${TENANTS.join(' and ')} …`);
  const sealed = await Promise.all(
    trips.map(async ({ tenantId, sample, bar }) => ({
      bar,
      object: await uploadAndSeal(client, { tenantId, sample }, bar),
    })),
  );
  const vault = await listVault(client);
  const objects = [];
  for (const { bar, object } of sealed) objects.push(await restoreAndCompare(client, object, bar));
  const kms = await kmsCalls(local);
  bars.stop();
  const needles = files.flatMap((sample) => sample.needles);
  let searchedBytes = 0;
  const foundIn = await searchVault(client, vault, needles, (bytes) => (searchedBytes += bytes));
  const [victim, intruder] = TENANTS.map(
    (id) => sealed.find(({ object }) => object.uploaded.tenantId === id)?.object,
  );
  if (victim === undefined || intruder === undefined) throw new Error('nothing was uploaded');
  const attempts = await tryCrossTenant(client, local.endpoint, {
    victim: victim.uploaded,
    intruder: intruder.uploaded,
  });
  const sourcesLeft = await countSources(client);
  const seconds = (performance.now() - startedAt) / 1000;
  return { objects, kms, vault, sourcesLeft, searchedBytes, foundIn, attempts, seconds };
}

async function kmsCalls(local: LocalProcess): Promise<Findings['kms']> {
  const calls = await local.ask('kms/calls', z.array(z.object({ operation: z.string() })));
  const count = (operation: string): number => calls.filter((call) => call.operation === operation).length;
  return { GenerateDataKey: count('GenerateDataKey'), Decrypt: count('Decrypt') };
}

function say(line: string): void {
  if (!json) console.error(line);
}
