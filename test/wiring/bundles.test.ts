/** A function's bundle has only what the function needs: more code would make every cold start slower. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { REGION } from '../../laptop/names.ts';
import { packageStack } from '../../local/stack/package.ts';

/** The most bytes of a minified bundle. */
const MOST_BYTES = 1_500_000;

const mapSchema = z.object({ sources: z.array(z.string()) });
let folder: string;

beforeAll(async () => {
  const projectFolder = fileURLToPath(new URL('../..', import.meta.url));
  const { codeFolder } = await packageStack({ projectFolder, region: REGION });
  folder = path.join(codeFolder, 'functions');
});

async function sourcesOf(name: string): Promise<readonly string[]> {
  return mapSchema.parse(JSON.parse(await readFile(path.join(folder, `${name}.cjs.map`), 'utf8'))).sources;
}

const FUNCTIONS = [
  ['ingest', ['client-dynamodb', 'client-sqs']],
  ['encrypt', ['client-dynamodb', 'client-kms', 'client-s3', 'client-sqs']],
  ['restore', ['client-dynamodb', 'client-kms', 'client-s3']],
  ['revoke', ['client-dynamodb', 'client-kms', 'client-sqs']],
  ['watch', ['client-dynamodb', 'client-kms', 'client-s3', 'client-sqs']],
  ['onboard', ['client-dynamodb', 'client-kms']],
  ['offboard', ['client-dynamodb', 'client-kms', 'client-s3']],
  ['rotate-branch-key', ['client-dynamodb', 'client-kms']],
] as const;

test.each(FUNCTIONS)('%s has the clients %j', async (name, expected) => {
  const clients = (await sourcesOf(name)).map(
    (source) => /@aws-sdk\/(client-[a-z0-9-]+)\//u.exec(source)?.[1],
  );
  expect([...new Set(clients.filter((client) => client !== undefined))].sort()).toEqual(expected);
});

test.each(FUNCTIONS)('%s is at most 1.5 MB', async (name) => {
  expect((await stat(path.join(folder, `${name}.cjs`))).size).toBeLessThanOrEqual(MOST_BYTES);
});

test('every function is tested here', async () => {
  const bundles = (await readdir(folder)).filter((file) => file.endsWith('.cjs'));
  expect(bundles.sort()).toEqual(FUNCTIONS.map(([name]) => `${name}.cjs`).sort());
});

test.each(FUNCTIONS)('%s has only the parts of libraries that it uses', async (name) => {
  const sources = await sourcesOf(name);
  // The Encryption SDK's front package brings all of its parts, and with them the whole DynamoDB client.
  const wholes = ['/@aws-crypto/client-node/', '/client-dynamodb/dist-es/commands/CreateTable'];
  expect(sources.filter((source) => wholes.some((whole) => source.includes(whole)))).toEqual([]);
});

test.each(['ingest', 'offboard', 'watch'])('%s is free of the Encryption SDK', async (name) => {
  expect((await sourcesOf(name)).filter((source) => source.includes('/@aws-crypto/'))).toEqual([]);
});
