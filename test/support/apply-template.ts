/** Applies the template that a tenant deploys, as CloudFormation would. It knows only the four resource types of the template. */
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import * as z from 'zod';
import type { Pipeline } from './pipeline.ts';

/** Applies the template and returns the stack's output KeyArn. */
export async function applyTemplate(text: string, pipeline: Pipeline, accountId: string): Promise<string> {
  const { Key, KeyAlias, ForwarderRole, ForwarderRule } = templateSchema.parse(JSON.parse(text)).Resources;
  const { KeyPolicy, Description, MultiRegion } = Key.Properties;
  const kms = new KMSClient(pipeline.identity(accountId));
  const Policy = JSON.stringify(KeyPolicy);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy, Description, MultiRegion }));
  const { Arn: keyArn = '', KeyId: keyId = '' } = KeyMetadata ?? {};
  await kms.send(new CreateAliasCommand({ AliasName: KeyAlias.Properties.AliasName, TargetKeyId: keyId }));

  const RoleArn = `arn:aws:iam::${accountId}:role/${ForwarderRole.Properties.RoleName}`;
  const policies = ForwarderRole.Properties.Policies.map(({ PolicyDocument }) => PolicyDocument);
  await pipeline.local.tell('POST', 'roles', { arn: RoleArn, policies });

  const { Name, State, EventPattern, Targets } = ForwarderRule.Properties;
  const events = new EventBridgeClient(pipeline.identity(accountId));
  const pattern = resolvePattern(EventPattern, keyArn, keyId);
  await events.send(new PutRuleCommand({ Name, State, EventPattern: pattern }));
  const targets = Targets.map((target) => ({ ...target, RoleArn }));
  await events.send(new PutTargetsCommand({ Rule: Name, Targets: targets }));
  return keyArn;
}

const OF_FORWARDER = z.strictObject({
  'Fn::GetAtt': z.tuple([z.literal('ForwarderRole'), z.literal('Arn')]),
});

const templateSchema = z.object({
  Resources: z.strictObject({
    Key: z.object({
      Type: z.literal('AWS::KMS::Key'),
      Properties: z.object({ KeyPolicy: z.unknown(), Description: z.string(), MultiRegion: z.boolean() }),
    }),
    KeyAlias: z.object({
      Type: z.literal('AWS::KMS::Alias'),
      Properties: z.object({ AliasName: z.string(), TargetKeyId: z.strictObject({ Ref: z.literal('Key') }) }),
    }),
    ForwarderRole: z.object({
      Type: z.literal('AWS::IAM::Role'),
      Properties: z.object({
        RoleName: z.string(),
        Policies: z.array(z.object({ PolicyDocument: z.unknown() })),
      }),
    }),
    ForwarderRule: z.object({
      Type: z.literal('AWS::Events::Rule'),
      Properties: z.object({
        Name: z.string(),
        State: z.enum(['ENABLED', 'DISABLED']),
        EventPattern: z.unknown(),
        Targets: z.array(z.object({ Id: z.string(), Arn: z.string(), RoleArn: OF_FORWARDER })),
      }),
    }),
  }),
});

/** Returns the pattern as JSON, with the key in place of the references to it. */
function resolvePattern(pattern: unknown, keyArn: string, keyId: string): string {
  return JSON.stringify(pattern)
    .replaceAll('{"Fn::GetAtt":["Key","Arn"]}', JSON.stringify(keyArn))
    .replaceAll('{"Ref":"Key"}', JSON.stringify(keyId));
}
