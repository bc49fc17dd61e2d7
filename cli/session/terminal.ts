/** Who sits before the command line, or what program reads it. */
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface Terminal {
  /** The result: standard output. */
  print(text: string): void;
  /** Everything else, progress and errors: standard error. */
  note(text: string): void;
  /** Undefined where nobody can answer. */
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

/** On standard error: standard output may be a file. */
async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
