/**
 * Renders one Terraform file that makes the same as the CloudFormation templates: the key with its alias, unless the
 * tenant brings an existing key, its replicas, the rules that forward its events, and their role. The policies are JSON
 * in heredocs, letter for letter those of the other formats.
 */
import type { Onboarding } from './input.ts';
import { forwarderName, forwarderPermissions, forwarderTrust, keyEventPattern } from './key-events.ts';
import { keyPolicy } from './key-policy.ts';
import { keyDescription, keyName, knownKey, type KeyReference } from './tenant-key.ts';

/** Renders the file, in the format of `terraform fmt`. */
export function terraform(onboarding: Onboarding): string {
  const { keyRegion, replicaRegions, tenantId, stage } = onboarding;
  const blocks = [
    `# Sealstream (${stage}): the key of tenant ${tenantId} and the forwarding of its events`,
    REQUIREMENTS,
    provider(onboarding, keyRegion),
    ...replicaRegions.map((region) => provider(onboarding, region)),
    ...(knownKey(onboarding, keyRegion) === undefined ? newKeys(onboarding) : []),
    forwarderRole(onboarding),
    ...[keyRegion, ...replicaRegions].map((region) => forwarderRule(onboarding, region)),
    output(onboarding),
  ];
  return `${blocks.join('\n\n')}\n`;
}

const REQUIREMENTS = `terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}`;

/** Renders the provider of a region. Terraform refuses the credentials of any other account. */
function provider(onboarding: Onboarding, region: string): string {
  const alias = region === onboarding.keyRegion ? '' : `\n  alias               = "${label(region)}"`;
  return `provider "aws" {${alias}
  region              = "${region}"
  allowed_account_ids = ["${onboarding.tenantAccountId}"]
}`;
}

function newKeys(onboarding: Onboarding): readonly string[] {
  const { keyRegion, replicaRegions } = onboarding;
  return [
    newKey(onboarding),
    keyAlias(onboarding, keyRegion),
    ...replicaRegions.flatMap((region) => [replicaKey(onboarding, region), keyAlias(onboarding, region)]),
  ];
}

function newKey(onboarding: Onboarding): string {
  return `resource "aws_kms_key" "sealstream" {
  description             = "${keyDescription(onboarding)}"
  enable_key_rotation     = true
  multi_region            = ${onboarding.replicaRegions.length > 0}
  deletion_window_in_days = 30

  policy = ${policyDocument(onboarding)}

${PREVENT_DESTROY}
}`;
}

function replicaKey(onboarding: Onboarding, region: string): string {
  return `resource "aws_kms_replica_key" "${label(region)}" {
  provider = aws.${label(region)}

  description             = "${keyDescription(onboarding)}"
  primary_key_arn         = aws_kms_key.sealstream.arn
  deletion_window_in_days = 30

  policy = ${policyDocument(onboarding)}

${PREVENT_DESTROY}
}`;
}

/** Terraform must never destroy the key. Without the key everything encrypted under it would be lost. */
const PREVENT_DESTROY = `  lifecycle {
    prevent_destroy = true
  }`;

function keyAlias(onboarding: Onboarding, region: string): string {
  const { scope, name } = placed(onboarding, region);
  return `resource "aws_kms_alias" "${name}" {
${scope}  name          = "alias/${keyName(onboarding)}"
  target_key_id = ${keyAddress(onboarding, region)}.key_id
}`;
}

function forwarderRole(onboarding: Onboarding): string {
  return `resource "aws_iam_role" "forwarder" {
  name        = "${forwarderName(onboarding)}"
  description = "Forwards the events of the key of Sealstream's tenant ${onboarding.tenantId}, nothing else"

  assume_role_policy = ${heredoc(forwarderTrust(onboarding))}
}

resource "aws_iam_role_policy" "forwarder" {
  name = "forward"
  role = aws_iam_role.forwarder.id

  policy = ${heredoc(forwarderPermissions(onboarding))}
}`;
}

function forwarderRule(onboarding: Onboarding, region: string): string {
  const { scope, name } = placed(onboarding, region);
  return `resource "aws_cloudwatch_event_rule" "${name}" {
${scope}  name        = "${forwarderName(onboarding)}"
  description = "Tells Sealstream at once what happens to the key of tenant ${onboarding.tenantId}"

  event_pattern = ${heredoc(keyEventPattern(keyReference(onboarding, region)))}
}

resource "aws_cloudwatch_event_target" "${name}" {
${scope}  rule      = aws_cloudwatch_event_rule.${name}.name
  target_id = "sealstream"
  arn       = "${onboarding.isv.eventBusArn}"
  role_arn  = aws_iam_role.forwarder.arn
}`;
}

function output(onboarding: Onboarding): string {
  const { keyRegion } = onboarding;
  const known = knownKey(onboarding, keyRegion);
  const value = known === undefined ? 'aws_kms_key.sealstream.arn' : `"${String(known.arn)}"`;
  return `output "key_arn" {
  description = "To be registered with Sealstream"
  value       = ${value}
}`;
}

/** Returns the name of a resource of that region, and the lines that set its provider. */
function placed(onboarding: Onboarding, region: string): { name: string; scope: string } {
  if (region === onboarding.keyRegion) return { name: 'sealstream', scope: '' };
  return { name: label(region), scope: `  provider = aws.${label(region)}\n\n` };
}

/** Returns expressions for the key. A heredoc is a template, so Terraform inserts their values. */
function keyReference(onboarding: Onboarding, region: string): KeyReference {
  const address = keyAddress(onboarding, region);
  return knownKey(onboarding, region) ?? { arn: `\${${address}.arn}`, id: `\${${address}.key_id}` };
}

function keyAddress(onboarding: Onboarding, region: string): string {
  if (region === onboarding.keyRegion) return 'aws_kms_key.sealstream';
  return `aws_kms_replica_key.${label(region)}`;
}

function policyDocument(onboarding: Onboarding): string {
  return heredoc(keyPolicy({ ...onboarding, ...onboarding.isv }));
}

function heredoc(content: object): string {
  const json = JSON.stringify(content, undefined, 2).replaceAll(/^/gmu, '    ');
  return `<<-JSON\n${json}\n  JSON`;
}

/** Turns a region into an identifier of HCL. */
function label(region: string): string {
  return region.replaceAll('-', '_');
}
