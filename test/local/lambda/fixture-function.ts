/** Small functions in a temporary folder, for the tests of the parts that run them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DEFAULT_ASYNC_INVOKE, type LambdaFunction } from '../../../local/lambda/function.ts';

export interface Fixture {
  readonly fn: LambdaFunction;
  remove(): Promise<void>;
}

/** Writes a function whose CommonJS module is `source`, which must assign `exports.handler`. */
export async function fixtureFunction(
  source: string,
  overrides: Partial<LambdaFunction> = {},
): Promise<Fixture> {
  const codeFolder = await mkdtemp(path.join(tmpdir(), 'fixture-function-'));
  await writeFile(path.join(codeFolder, 'index.js'), source);
  const fn: LambdaFunction = {
    name: 'fixture',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:fixture',
    roleArn: 'arn:aws:iam::000000000000:role/fixture-role',
    handler: 'index.handler',
    codeFolder,
    timeoutSeconds: 600,
    memoryMegabytes: 256,
    environment: {},
    asyncInvoke: DEFAULT_ASYNC_INVOKE,
    ...overrides,
  };
  return { fn, remove: () => rm(codeFolder, { recursive: true, force: true }) };
}
