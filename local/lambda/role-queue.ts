/** The SQS client that Lambda uses for a function: with the function's role, at the local endpoint. */
import { type MessageAttributeValue, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { accessKeyIdOf, accountOf, type LambdaFunction, regionOf } from './function.ts';

export interface OutgoingMessage {
  readonly queueArn: string;
  readonly body: string;
  readonly attributes?: Readonly<Record<string, MessageAttributeValue>>;
}

/** Creates a client that acts as the function's role. The caller destroys it. */
export function roleQueueClient(fn: LambdaFunction, endpoint: string): SQSClient {
  return new SQSClient({
    endpoint,
    region: regionOf(fn.arn),
    credentials: { accessKeyId: accessKeyIdOf(fn.roleArn), secretAccessKey: 'local' },
  });
}

/** Returns `{endpoint}/{account}/{name}` without a call, so that a role needs no sqs:GetQueueUrl, as in AWS. */
export function queueUrl(queueArn: string, endpoint: string): string {
  return `${endpoint}/${accountOf(queueArn)}/${queueArn.split(':').at(-1)}`;
}

/** Sends one message as the function's role, which therefore needs sqs:SendMessage, as in AWS. */
export async function sendAsRole(
  fn: LambdaFunction,
  endpoint: string,
  { queueArn, body, attributes }: OutgoingMessage,
): Promise<void> {
  const client = roleQueueClient(fn, endpoint);
  try {
    const QueueUrl = queueUrl(queueArn, endpoint);
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes: attributes }));
  } finally {
    client.destroy();
  }
}
