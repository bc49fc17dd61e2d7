/**
 * Invokes the functions of the control plane. They are invoked, not imported, because tenants' key policies name the
 * role of these functions and not the person who types the command.
 */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { FunctionFailedError, UnansweredError } from './failure.ts';
import { whyUnanswered } from './unanswered.ts';

/** The deployment to operate. Where a member is unset, the environment variables and profiles of the AWS CLI count. */
export interface Target {
  readonly stage: string;
  readonly endpointUrl?: string;
  readonly profile?: string;
  readonly region?: string;
}

export interface ControlPlane {
  /**
   * Invokes a function and returns its answer, parsed by `answer`.
   * @throws FunctionFailedError when the function failed
   * @throws UnansweredError when the function could not be invoked, or its answer does not parse
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
        `${functionName} gave an answer that this version does not understand; deploy the version that you run here`,
      );
    },
  };
}

function lambdaClient({ endpointUrl, profile, region }: Target): LambdaClient {
  return new LambdaClient({
    endpoint: endpointUrl,
    profile,
    // The AWS CLI knows the second variable, but the SDK for JavaScript does not.
    region: region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'],
    // When an answer is lost, the work may be done. A retry must be the decision of the person who asked.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS },
  });
}

const failureSchema = z.object({
  errorType: z.string().default('Unhandled'),
  errorMessage: z.string().default('the function failed and did not say why; see its log'),
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
