/**
 * The lines that the functions logged, as data: the JSON lines of `functions.log` in the data folder of a local
 * AWS.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

export interface FunctionLine {
  readonly message: string;
  readonly [member: string]: unknown;
}

const lineSchema: z.ZodType<FunctionLine> = z.looseObject({ message: z.string() });

/** Reads the lines of that message, oldest first. */
export async function functionLines(dataDir: string, message: string): Promise<readonly FunctionLine[]> {
  const text = await readFile(join(dataDir, 'functions.log'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.includes(`"message":"${message}"`))
    .map((line) => lineSchema.parse(JSON.parse(line.slice(line.indexOf('{')))));
}
