/**
 * The functions that a tenant's lifecycle goes through. They are invoked, not imported: tenants' key policies name
 * the role of these functions, not whoever types the command.
 */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { FunctionFailedError, UnansweredError } from './failure.ts';
import { whyUnanswered } from './unanswered.ts';

/** As the AWS CLI has them; unset, its environment variables and profiles count. */
export interface Target {
  /** Of our deployment. */
  readonly stage: string;
  readonly endpointUrl?: string;
  readonly profile?: string;
  readonly region?: string;
}

export interface ControlPlane {
  /**
   * @throws FunctionFailedError when the function failed
   * @throws UnansweredError when it could not be asked, or what it answers is not `answer`
   */
  invoke<Answer>(
    name: 'onboard' | 'offboard' | 'rotate-branch-key',
    event: object,
    answer: z.ZodType<Answer>,
  ): Promise<Answer>;
}

const CONNECTION_TIMEOUT_MS = 10_000;

export function controlPlaneOf(target: Target): ControlPlane {
  const client = lambdaClient(target);
  return {
    async invoke(name, event, answer) {
      const functionName = `sealstream-${target.stage}-${name}`;
      const parsed = answer.safeParse(await payloadOf(client, functionName, event));
      if (parsed.success) return parsed.data;
      throw new UnansweredError(
        `${functionName} answers what this version does not understand; deploy the version that you run here`,
      );
    },
  };
}

function lambdaClient({ endpointUrl, profile, region }: Target): LambdaClient {
  return new LambdaClient({
    endpoint: endpointUrl,
    profile,
    // The SDK for JavaScript does not know the second variable, the AWS CLI does.
    region: region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'],
    // What a lost answer was about may have been done: whoever asks again should know that it is again.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS },
  });
}

const failureSchema = z.object({
  errorType: z.string().default('Unhandled'),
  errorMessage: z.string().default('the function failed and does not say why; its log does'),
});

async function payloadOf(client: LambdaClient, functionName: string, event: object): Promise<unknown> {
  const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) });
  const { FunctionError, Payload } = await client.send(command).catch((cause: unknown) => {
    throw new UnansweredError(whyUnanswered(cause, functionName), { cause });
  });
  const payload: unknown = JSON.parse(Payload?.transformToString() ?? 'null');
  if (FunctionError === undefined) return payload;
  const { errorType, errorMessage } = failureSchema.parse(payload);
  throw new FunctionFailedError(errorType, errorMessage);
}
