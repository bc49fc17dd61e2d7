/** What a resource type of CloudFormation needs to become a resource of the local AWS. */
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

/** A function as far as the template has described it; later resources add to it. */
export interface FunctionDraft {
  readonly fn: LambdaFunction;
  readonly reservedConcurrency: number;
  readonly permissions: readonly PolicyStatement[];
}

interface ScheduleDraft {
  readonly ruleArn: string;
  readonly everyMs: number;
  readonly functionArn: string;
  /** A constant event (a target's Input); default the scheduled event. */
  readonly input?: object;
}

/** What resources are created with, and what they leave for the end of the deployment. */
export interface StackContext {
  readonly accountId: string;
  readonly region: string;
  readonly endpoint: string;
  readonly stackName: string;
  readonly codeFolder: string;
  readonly clients: StackClients;
  readonly roles: Roles;
  /** By ARN. */
  readonly functions: Map<string, FunctionDraft>;
  readonly mappings: { readonly functionArn: string; readonly mapping: EventSourceMapping }[];
  readonly schedules: ScheduleDraft[];
  /** Statements of event bus policies by bus name: AWS keeps them one by one, PutPermission replaces them all. */
  readonly busStatements: Map<string, PolicyStatement[]>;
}

/** Creates the resource, or finds the one an earlier start left in the data folder and brings it up to date. */
export type CreateResource = (
  logicalId: string,
  properties: unknown,
  context: StackContext,
) => Promise<Created>;

/** The name of a resource that the template leaves unnamed: the same at every start, so that its data is found again. */
export function physicalName(logicalId: string, { stackName, accountId }: StackContext): string {
  const suffix = createHash('sha256')
    .update(`${accountId}/${stackName}/${logicalId}`)
    .digest('hex')
    .slice(0, 12);
  return `${stackName}-${logicalId}-${suffix}`;
}

/**
 * The schema of a resource's properties. Properties in `inert` are accepted and ignored, because on a laptop they
 * change nothing that a caller could see; any other that `shape` does not name is refused.
 */
export function propertiesSchema<Shape extends z.ZodRawShape>(
  shape: Shape,
  inert: readonly string[] = [],
): z.ZodObject<Shape> {
  const ignored = Object.fromEntries(inert.map((name) => [name, z.unknown().optional()]));
  return z.strictObject({ ...ignored, ...shape });
}

/** CloudFormation takes numbers and booleans as strings, too. */
export const integer: z.ZodType<number> = z.coerce.number().int();
export const boolean: z.ZodType<boolean> = z.union([z.boolean(), z.stringbool()]);

/** A policy document, as far as its shape goes; what it says is for whoever evaluates it. */
export const policyStatement: z.ZodType<PolicyStatement> = z.custom<PolicyStatement>(
  (value) => z.looseObject({ Effect: z.enum(['Allow', 'Deny']) }).safeParse(value).success,
  'not a policy statement',
);
