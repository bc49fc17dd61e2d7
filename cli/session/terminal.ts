/** The terminal of the person who types the command, or the program that runs it. */
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface Terminal {
  /** Prints the result, on standard output. */
  print(text: string): void;
  /** Prints everything else, progress and errors, on standard error. */
  note(text: string): void;
  /** Asks a question and returns the answer. Undefined when nobody can answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  pause(pauseMs: number): Promise<void>;
}

export function processTerminal(): Terminal {
  return {
    print: (text) => console.log(text),
    note: (text) => console.error(text),
    ask: process.stdin.isTTY ? ask : undefined,
    pause: async (pauseMs) => await delay(pauseMs),
  };
}

/** Asks on standard error, because standard output may be a file. */
async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
