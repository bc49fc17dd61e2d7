/** The settings that a tenant chooses, as options of `add` and `change-key`. */
import { type Command, Option } from 'commander';
import { collect, keyAgeSeconds } from './arguments.ts';

export interface SettingsOptions {
  readonly kekArn?: string;
  /** False, by `--no-replica`, when the key has no replicas. */
  readonly replica?: readonly string[] | false;
  readonly keyMode?: string;
  readonly isolation?: string;
  readonly maxKeyAge?: number;
  /** False, by `--no-allowed-region`, when every region is allowed. */
  readonly allowedRegion?: readonly string[] | false;
  readonly rotateWithKek?: boolean;
}

export const KEY_MODES = ['per-chunk', 'cached', 'hierarchical'] as const;

/**
 * Adds the options. For a new tenant an option that is not given has its default. For a registered one the setting
 * stays, and a `--no-…` option takes it back.
 */
export function withSettings(command: Command, { isNew }: { readonly isNew: boolean }): Command {
  const defaultOf = (value: string): string => (isNew ? ` (default: ${value})` : '');
  command
    .addOption(
      new Option('--kek-arn <arn>', "the tenant's KMS key, by its full ARN").makeOptionMandatory(isNew),
    )
    .option('--replica <arn>', 'a replica of a multi-Region key; may be given several times', collect)
    .addOption(
      new Option('--key-mode <mode>', `the source of data keys${defaultOf('per-chunk')}`).choices(KEY_MODES),
    )
    .addOption(
      new Option(
        '--isolation <kind>',
        `cached keys share a bound with those of other tenants, or have one of their own${defaultOf('pooled')}`,
      ).choices(['pooled', 'dedicated']),
    )
    .option(
      '--max-key-age <seconds>',
      `the longest time that a key stays in a cache, 0 to 3600${defaultOf('60')}`,
      keyAgeSeconds,
    )
    .option(
      '--allowed-region <region>',
      `a region where keys may be; may be given several times${defaultOf('any')}`,
      collect,
    )
    .option('--rotate-with-kek', 'when the KMS key rotates, make a new version of the branch key');
  if (isNew) return command;
  return command
    .option('--no-replica', 'use no replicas; the key itself can still read what they wrapped')
    .option('--no-allowed-region', 'allow every region')
    .option('--no-rotate-with-kek', 'when the KMS key rotates, keep the version of the branch key');
}

/** Returns the settings under the names that the functions use. A setting that is not chosen is undefined. */
export function settingsOf(options: SettingsOptions): object {
  const { kekArn, replica, keyMode, isolation, maxKeyAge, allowedRegion, rotateWithKek } = options;
  return {
    kekArn,
    replicaArns: replica === false ? [] : replica,
    keyMode,
    isolation,
    maxKeyAgeSeconds: maxKeyAge,
    allowedRegions: allowedRegion === false ? [] : allowedRegion,
    rotateWithKek,
  };
}
