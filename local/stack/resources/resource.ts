/** The contract by which a resource type of CloudFormation becomes a resource of the local AWS. */
import { createHash } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { PolicyStatement } from '../../iam/authorizer.ts';
import type { Roles } from '../../iam/roles.ts';
import type { EventSourceMapping } from '../../lambda/event-source-mapping.ts';
import type { LambdaFunction } from '../../lambda/function.ts';
import type { Created } from '../template/intrinsics.ts';

/** Clients that act as the root of the stack's account. */
export interface StackClients {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly events: EventBridgeClient;
}

/** A function as far as the template has described it. Later resources add to it. */
export interface FunctionDraft {
  readonly fn: LambdaFunction;
  readonly reservedConcurrency: number;
  readonly permissions: readonly PolicyStatement[];
}

interface ScheduleDraft {
  readonly ruleArn: string;
  readonly everyMs: number;
  readonly functionArn: string;
  /** A constant event (a target's Input). Default: the scheduled event. */
  readonly input?: object;
}

/** The context in which resources are created. Some leave work in it for the end of the deployment. */
export interface StackContext {
  readonly accountId: string;
  readonly region: string;
  readonly endpoint: string;
  readonly stackName: string;
  readonly codeFolder: string;
  readonly clients: StackClients;
  readonly roles: Roles;
  /** Functions by ARN. */
  readonly functions: Map<string, FunctionDraft>;
  readonly mappings: { readonly functionArn: string; readonly mapping: EventSourceMapping }[];
  readonly schedules: ScheduleDraft[];
  /** Statements of event bus policies by bus name. AWS keeps them one by one, but PutPermission replaces them all. */
  readonly busStatements: Map<string, PolicyStatement[]>;
}

/** Creates the resource. If an earlier start left it in the data folder, this brings it up to date instead. */
export type CreateResource = (
  logicalId: string,
  properties: unknown,
  context: StackContext,
) => Promise<Created>;

/**
 * Returns the name of a resource that the template leaves unnamed. It is the same at every start, so that the
 * resource's data is found again.
 */
export function physicalName(logicalId: string, { stackName, accountId }: StackContext): string {
  const suffix = createHash('sha256')
    .update(`${accountId}/${stackName}/${logicalId}`)
    .digest('hex')
    .slice(0, 12);
  return `${stackName}-${logicalId}-${suffix}`;
}

/**
 * Returns the schema of a resource's properties. Properties in `inert` are accepted and ignored, because on a
 * laptop they change nothing that a caller could see. Any other that `shape` does not name is refused.
 */
export function propertiesSchema<Shape extends z.ZodRawShape>(
  shape: Shape,
  inert: readonly string[] = [],
): z.ZodObject<Shape> {
  const ignored = Object.fromEntries(inert.map((name) => [name, z.unknown().optional()]));
  return z.strictObject({ ...ignored, ...shape });
}

/** A number, which CloudFormation takes as a string too. */
export const integer: z.ZodType<number> = z.coerce.number().int();
export const boolean: z.ZodType<boolean> = z.union([z.boolean(), z.stringbool()]);

/** A policy statement, checked for its shape only; the service that evaluates it checks the rest. */
export const policyStatement: z.ZodType<PolicyStatement> = z.custom<PolicyStatement>(
  (value) => z.looseObject({ Effect: z.enum(['Allow', 'Deny']) }).safeParse(value).success,
  'not a policy statement',
);
