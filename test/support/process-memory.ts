/** The memory of another process, as Linux shows it. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const BLOCK_BYTES = 65_536;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/**
 * Yields every part of the memory that the process may write and has written to: all that it holds beside code and files.
 * The process stands still meanwhile, because its garbage collector moves and unmaps what is being read.
 */
export function* writableMemory(pid: number): Generator<Buffer> {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  process.kill(pid, 'SIGSTOP');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) rw/u.exec(line) ?? [];
      if (start === undefined || end === undefined) continue;
      const part = Buffer.alloc(Number.parseInt(end, 16) - Number.parseInt(start, 16));
      const bytes = readSync(memory, part, 0, part.length, Number.parseInt(start, 16));
      yield* withoutZeros(part.subarray(0, bytes));
    }
  } finally {
    process.kill(pid, 'SIGCONT');
    closeSync(memory);
  }
}

/** Leaves out blocks of zeros: a process never writes to most of what it reserves, and zeros take long to search. */
function* withoutZeros(part: Buffer): Generator<Buffer> {
  let from = 0;
  for (let at = 0; at < part.length; at += BLOCK_BYTES) {
    const block = part.subarray(at, at + BLOCK_BYTES);
    if (!block.equals(ZEROS.subarray(0, block.length))) continue;
    if (at > from) yield part.subarray(from, at);
    from = at + block.length;
  }
  if (from < part.length) yield part.subarray(from);
}
