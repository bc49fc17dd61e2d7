/** Measures the peak memory of the sandboxes for one big object, against that for a small one. */
import { Readable } from 'node:stream';
import * as z from 'zod';
import { startLocalProcess } from '../laptop/local-process.ts';
import { functionName } from '../laptop/names.ts';
import { PipelineClient } from '../laptop/client.ts';
import { blocks } from './blocks.ts';
import type { Figure } from './report.ts';

const MIB = 1_048_576;
const SMALL_BYTES = 256 * MIB;
const BIG_BYTES = 4096 * MIB;
const PATIENCE_MS = 1_800_000;

interface Peaks {
  readonly encrypt: number;
  readonly restore: number;
}

const sandboxesSchema = z.array(z.object({ function: z.string(), peakResidentBytes: z.number() }));

export async function benchMemory(): Promise<readonly Figure[]> {
  const small = await peaksOf(SMALL_BYTES);
  const big = await peaksOf(BIG_BYTES);
  return [
    mebibytes('encrypt sandbox, 256 MiB object', small.encrypt),
    { ...mebibytes('encrypt sandbox, 4 GiB object', big.encrypt), reach: { atMost: 320 } },
    growth('encrypt sandbox, 4 GiB over 256 MiB', big.encrypt / small.encrypt),
    mebibytes('restore sandbox, 256 MiB object', small.restore),
    { ...mebibytes('restore sandbox, 4 GiB object', big.restore), reach: { atMost: 320 } },
    growth('restore sandbox, 4 GiB over 256 MiB', big.restore / small.restore),
  ];
}

/** Returns the peaks of fresh sandboxes, one per function, after one object of `bytes`. */
async function peaksOf(bytes: number): Promise<Peaks> {
  const local = await startLocalProcess({ sandboxes: 1 });
  try {
    const client = new PipelineClient(local.endpoint);
    const uploaded = await client.upload('acme', 'bench.bin', Readable.from(blocks(bytes)));
    await client.sealed(uploaded, AbortSignal.timeout(PATIENCE_MS));
    await client.restore({ tenantId: 'acme', key: 'bench.bin' });
    const sandboxes = await local.ask('sandboxes', sandboxesSchema);
    return { encrypt: peakOf(sandboxes, 'encrypt'), restore: peakOf(sandboxes, 'restore') };
  } finally {
    await local.close();
  }
}

function peakOf(sandboxes: z.infer<typeof sandboxesSchema>, name: string): number {
  const ofFunction = sandboxes.filter((sandbox) => sandbox.function === functionName(name));
  return Math.max(...ofFunction.map(({ peakResidentBytes }) => peakResidentBytes));
}

function mebibytes(name: string, bytes: number): Figure {
  return { name, value: bytes / MIB, unit: 'MiB' };
}

function growth(name: string, value: number): Figure {
  return { name, value, unit: '×', reach: { atMost: 1.1 } };
}
