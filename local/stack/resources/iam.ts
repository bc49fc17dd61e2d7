/** AWS::IAM::Role and AWS::IAM::Policy, whose documents the services evaluate. */
import * as z from 'zod';
import type { PolicyDocument } from '../../iam/authorizer.ts';
import {
  type CreateResource,
  physicalName,
  policyStatement,
  propertiesSchema,
  type StackContext,
} from './resource.ts';

const policyDocument: z.ZodType<PolicyDocument> = z.strictObject({
  Id: z.string().optional(),
  Statement: z.union([z.array(policyStatement), policyStatement]),
  Version: z.string().optional(),
});

/** Managed policies that grant writing logs, which no service here checks. */
const INERT_MANAGED_POLICIES = ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'];

const roleProperties = propertiesSchema(
  {
    // Only Lambda assumes roles here: those that functions name.
    AssumeRolePolicyDocument: policyDocument,
    ManagedPolicyArns: z.array(z.enum(INERT_MANAGED_POLICIES)).optional(),
    // The local credentials hold a role's name, not its path.
    Path: z.literal('/').optional(),
    Policies: z.array(z.strictObject({ PolicyDocument: policyDocument, PolicyName: z.string() })).default([]),
    RoleName: z.string().optional(),
  },
  ['Description', 'MaxSessionDuration', 'Tags'],
);
const policyProperties = propertiesSchema({
  PolicyDocument: policyDocument,
  PolicyName: z.string(),
  Roles: z.array(z.string()),
});

export const createRole: CreateResource = async (logicalId, properties, context) => {
  const { Policies, RoleName = physicalName(logicalId, context) } = roleProperties.parse(properties);
  const Arn = roleArn(RoleName, context);
  context.roles.put(
    Arn,
    Policies.map(({ PolicyDocument }) => PolicyDocument),
  );
  return { ref: RoleName, attributes: { Arn } };
};

export const createPolicy: CreateResource = async (logicalId, properties, context) => {
  const { PolicyDocument, Roles } = policyProperties.parse(properties);
  for (const name of Roles) {
    const arn = roleArn(name, context);
    context.roles.put(arn, [...context.roles.policies(arn), PolicyDocument]);
  }
  return { ref: physicalName(logicalId, context), attributes: {} };
};

function roleArn(roleName: string, { accountId }: StackContext): string {
  return `arn:aws:iam::${accountId}:role/${roleName}`;
}
