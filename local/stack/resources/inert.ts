/**
 * The resources of a stack that change nothing on a laptop: no caller could see whether they exist. This is the
 * complete list. A resource type that is neither here nor among those created is refused.
 */
import type { Created } from '../template/intrinsics.ts';
import { physicalName, type StackContext } from './resource.ts';

/** Resources that `sls` adds for its own uploads, by logical id. */
export const INERT_LOGICAL_IDS: ReadonlySet<string> = new Set([
  'ServerlessDeploymentBucket',
  'ServerlessDeploymentBucketPolicy',
]);

/** The property that holds the name which `Ref` gives, by type. */
export const INERT_TYPES: Readonly<Record<string, string>> = {
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
  // The lines of a function go to a file of the local AWS, whatever the log group says.
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::Logs::MetricFilter': 'FilterName',
  'AWS::Logs::QueryDefinition': 'Name',
  // Only $LATEST can be invoked here.
  'AWS::Lambda::Version': 'FunctionName',
};

/** Returns the name and ARN that the resource would have, for policies that mention it. */
export function inertResource(
  logicalId: string,
  { type, properties }: { readonly type: string; readonly properties: Readonly<Record<string, unknown>> },
  context: StackContext,
): Created {
  const named = properties[INERT_TYPES[type] ?? ''];
  const ref = typeof named === 'string' ? named : physicalName(logicalId, context);
  const { region, accountId } = context;
  const attributes: Record<string, string> =
    type === 'AWS::Logs::LogGroup' ? { Arn: `arn:aws:logs:${region}:${accountId}:log-group:${ref}:*` } : {};
  return { ref, attributes };
}
