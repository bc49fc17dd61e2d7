/** Runs commands in this process, against functions whose answers the test gives. */
import { afterEach, beforeEach, vi } from 'vitest';
import { run } from '../../cli/program.ts';
import { type Answer, type Invocation, startLambda } from './lambda-stand-in.ts';

export interface Typed {
  readonly exitCode: number;
  readonly out: string;
  readonly notes: string;
  readonly asked: readonly string[];
  readonly invocations: readonly Invocation[];
}

export interface Circumstances {
  /** The answers of the functions. Default: every function returns an empty object. */
  readonly answers?: readonly Answer[];
  /** The reply to a question. Default: nobody can answer. */
  readonly reply?: string;
}

/** Sets an account and a region for a whole test file, and hides the machine's own configuration. */
export function inAccount(): void {
  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', '000000000000');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ENDPOINT_URL', undefined);
    vi.stubEnv('AWS_PROFILE', undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
}

/** Runs `npx sealstream {args}`. */
export async function type(args: readonly string[], circumstances: Circumstances = {}): Promise<Typed> {
  await using lambda = await startLambda();
  lambda.answer(...(circumstances.answers ?? [{ returns: {} }]));
  return { ...(await typed([...args, '--endpoint-url', lambda.endpoint], circumstances)), ...lambda };
}

/** Runs the command as `type` does, but starts no functions: `args` and the environment say where they are. */
export async function typed(
  args: readonly string[],
  { reply }: Circumstances = {},
): Promise<Omit<Typed, 'invocations'>> {
  const [out, notes, asked]: [string[], string[], string[]] = [[], [], []];
  const exitCode = await run(args, {
    print: (text) => out.push(text),
    note: (text) => notes.push(text),
    ask:
      reply === undefined
        ? undefined
        : async (question) => {
            asked.push(question);
            return reply;
          },
    pause: async () => {},
  });
  return { exitCode, out: out.join('\n'), notes: notes.join('\n'), asked };
}
