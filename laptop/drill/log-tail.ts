/** Follows the functions' log file while it grows: what the sandboxes say, without asking the local AWS for it. */
import { type FileHandle, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';

/** One structured line of one sandbox. */
export interface LogLine {
  /** The function's full name. */
  readonly functionName: string;
  /** The sandbox's session. */
  readonly sandbox: string;
  readonly record: Readonly<Record<string, unknown>>;
}

export interface LogTail {
  /** Reads to the end of the file, then lets go of it. */
  close(): Promise<void>;
}

const LOOK_MS = 20;
const READ_BYTES = 262_144;
const LINE = /^(?<functionName>\S+) (?<sandbox>\S*) (?<json>\{.*\})$/u;
/** The line by which Lambda itself ends an invocation. */
const REPORT =
  /^(?<functionName>\S+) (?<sandbox>\S*) REPORT RequestId: (?<requestId>\S+)\tDuration: (?<durationMs>[\d.]+) ms\t/u;
const recordSchema = z.record(z.string(), z.unknown());

/** Hands over every line that is a record, from the beginning of the file, in order. The others are left out. */
export async function tailLog(path: string, onLine: (line: LogLine) => void): Promise<LogTail> {
  const file = await open(path);
  const closing = new AbortController();
  const following = follow(file, onLine, closing.signal);
  return {
    async close() {
      closing.abort();
      await following;
      await file.close();
    },
  };
}

async function follow(
  file: FileHandle,
  onLine: (line: LogLine) => void,
  closing: AbortSignal,
): Promise<void> {
  const read = lineReader(onLine);
  const buffer = Buffer.alloc(READ_BYTES);
  for (;;) {
    const last = closing.aborted;
    for (;;) {
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) break;
      read(buffer.subarray(0, bytesRead));
    }
    if (last) return;
    await delay(LOOK_MS, undefined, { signal: closing }).catch(() => undefined);
  }
}

function lineReader(onLine: (line: LogLine) => void): (bytes: Buffer) => void {
  const decoder = new StringDecoder();
  let rest = '';
  return (bytes) => {
    const lines = (rest + decoder.write(bytes)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.map(parseLine)) if (line !== undefined) onLine(line);
  };
}

/**
 * `sealstream-local-encrypt 7f3a… {"message":"chunk encrypted",…}`, and as a record of the same kind
 * `… REPORT RequestId: 91c2… Duration: 12.30 ms …`; undefined for any other line.
 */
export function parseLine(text: string): LogLine | undefined {
  const report = REPORT.exec(text)?.groups;
  if (report !== undefined) return reportLine(report);
  const { functionName = '', sandbox = '', json = '' } = LINE.exec(text)?.groups ?? {};
  try {
    return { functionName, sandbox, record: recordSchema.parse(JSON.parse(json)) };
  } catch {
    return undefined;
  }
}

function reportLine(groups: Readonly<Record<string, string>>): LogLine {
  const { functionName = '', sandbox = '', requestId = '', durationMs } = groups;
  return { functionName, sandbox, record: { message: 'REPORT', requestId, durationMs: Number(durationMs) } };
}
