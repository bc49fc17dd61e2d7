/** The log lines of all functions in one file, in place of CloudWatch. */
import { createWriteStream } from 'node:fs';

export interface FunctionLine {
  readonly function: string;
  /** The sandbox that wrote the line; empty for lines that no sandbox wrote. */
  readonly session: string;
  readonly line: string;
}

export interface FunctionLog {
  readonly write: (line: FunctionLine) => void;
  /** Resolves when everything written is in the file. */
  close(): Promise<void>;
}

export function openFunctionLog(file: string): FunctionLog {
  const stream = createWriteStream(file, { flags: 'a' });
  return {
    write: (line) => void stream.write(`${formatLine(line)}\n`),
    close: async () => new Promise((resolve) => void stream.end(resolve)),
  };
}

/** Formats a line as `ingest 7f3a… {"level":"INFO",…}`. */
export function formatLine(entry: FunctionLine): string {
  return `${entry.function} ${entry.session} ${entry.line}`;
}
